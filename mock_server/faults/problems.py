"""What can go wrong with the body of a problem, whatever its code? Codes and statuses are for `problem_codes`."""

from __future__ import annotations

from typing import Any

from mock_server.altered import Bench, Change, Exchange, drop_member, map_member, set_member
from mock_server.faults.registry import fault

_PROBLEM_STATUSES = (400, 401, 402, 403, 404, 409, 429, 500, 502, 503)


def _on_problems(mock: Bench, change: Change) -> None:
    mock.after(lambda exchange: change(exchange) if exchange.code else None, statuses=_PROBLEM_STATUSES)


def _on_validation_problems(mock: Bench, change: Change) -> None:
    mock.after(lambda exchange: change(exchange) if exchange.code == "VALIDATION_FAILED" else None)


@fault("problems/has-its-members")
def type_missing(mock: Bench) -> None:
    """Every problem has a type."""
    _on_problems(mock, drop_member("type"))


@fault("problems/has-its-members")
def type_is_a_url(mock: Bench) -> None:
    """A problem's type is the bare code, not a URL."""
    _on_problems(mock, map_member("type", lambda code: f"https://api.cospec.io/problems/{code}"))


@fault("problems/code-comes-with-its-status")
def type_is_in_lower_case(mock: Bench) -> None:
    """A problem's type is the code as the catalogue writes it."""
    _on_problems(mock, map_member("type", str.lower))


@fault("problems/code-comes-with-its-status")
def code_in_another_member(mock: Bench) -> None:
    """The code is the problem's type: about:blank with a member code is something else."""

    def change(exchange: Exchange) -> None:
        exchange.body["code"] = exchange.body["type"]
        exchange.body["type"] = "about:blank"

    _on_problems(mock, change)


@fault("problems/has-its-members")
def title_missing(mock: Bench) -> None:
    """Every problem has a title."""
    _on_problems(mock, drop_member("title"))


@fault("problems/title-of-its-code", source="assumed")
def title_is_the_status(mock: Bench) -> None:
    """A problem's title starts with the text of the catalogue."""
    _on_problems(mock, lambda exchange: exchange.body.update(title=f"HTTP {exchange.status}"))


@fault("problems/has-its-members")
def status_member_missing(mock: Bench) -> None:
    """Every problem has a status."""
    _on_problems(mock, drop_member("status"))


@fault("problems/has-its-members")
def status_member_is_text(mock: Bench) -> None:
    """A problem's status is a number."""
    _on_problems(mock, map_member("status", str))


@fault("problems/status-repeats-the-status")
def status_member_differs(mock: Bench) -> None:
    """A problem's status equals the HTTP status."""
    _on_problems(mock, set_member("status", 400))


@fault("problems/has-its-members")
def detail_is_an_object(mock: Bench) -> None:
    """A problem's detail is text."""
    _on_problems(mock, map_member("detail", lambda detail: {"message": detail}))


@fault("problems/instance-is-the-path")
def instance_is_constant(mock: Bench) -> None:
    """A problem's instance is the path of the request that caused it."""
    _on_problems(mock, set_member("instance", "/v1"))


@fault("problems/instance-is-the-path")
def instance_is_the_path_template(mock: Bench) -> None:
    """A problem's instance is the path that was requested, not the route that served it."""
    _on_problems(
        mock, lambda exchange: exchange.body.update(instance=exchange.operation.path) if exchange.operation else None
    )


@fault("problems/request-ids-differ")
def request_id_is_constant(mock: Bench) -> None:
    """A problem's requestId is unique."""
    _on_problems(mock, set_member("requestId", "req-000001"))


@fault("problems/has-its-members")
def request_id_is_a_number(mock: Bench) -> None:
    """A problem's requestId is text."""
    _on_problems(mock, map_member("requestId", lambda text: int(text[-6:], 16)))


@fault("problems/has-its-members")
def problems_are_wrapped(mock: Bench) -> None:
    """A problem's members stand at the top of the body, as RFC 9457 has it."""
    _on_problems(mock, lambda exchange: setattr(exchange, "body", {"error": exchange.body}))


@fault("responses/media-type")
def problems_are_text(mock: Bench) -> None:
    """A problem comes as application/problem+json or application/json."""
    _on_problems(mock, lambda exchange: exchange.headers.update({"content-type": "text/plain; charset=utf-8"}))


@fault("responses/media-type", "responses/body-is-json")
def unknown_paths_answer_html(mock: Bench) -> None:
    """An unknown path is answered a problem, as every error is."""

    def change(exchange: Exchange) -> None:
        if exchange.operation is None:
            exchange.content = b"<!DOCTYPE html><title>Error</title><pre>Cannot find it</pre>"
            exchange.headers["content-type"] = "text/html; charset=utf-8"

    mock.after(change, statuses=[404])


@fault("problems/has-its-members")
def errors_missing(mock: Bench) -> None:
    """A VALIDATION_FAILED problem has errors."""
    _on_validation_problems(mock, drop_member("errors"))


@fault("problems/has-its-members")
def errors_empty(mock: Bench) -> None:
    """A VALIDATION_FAILED problem has at least one error."""
    _on_validation_problems(mock, set_member("errors", []))


@fault("problems/has-its-members")
def errors_missing_for_parameters(mock: Bench) -> None:
    """A VALIDATION_FAILED problem has errors, also when a parameter is at fault."""
    _on_validation_problems(mock, lambda exchange: exchange.body.pop("errors") if exchange.method == "GET" else None)


@fault("problems/has-its-members")
def errors_are_sentences(mock: Bench) -> None:
    """An error is an object with field, message and code, not a sentence."""

    def sentences(errors: list[dict[str, Any]]) -> list[str]:
        return [f"{error['field']}: {error['message']}" for error in errors]

    _on_validation_problems(mock, map_member("errors", sentences))


@fault("problems/has-its-members")
def errors_without_a_code(mock: Bench) -> None:
    """Each error has a code."""
    _on_validation_problems(mock, drop_member("errors.*.code"))


@fault("problems/has-its-members")
def errors_without_a_message(mock: Bench) -> None:
    """Each error has a message."""
    _on_validation_problems(mock, drop_member("errors.*.message"))


@fault("problems/has-its-members")
def errors_with_path_for_field(mock: Bench) -> None:
    """Each error names its field as field."""

    def change(exchange: Exchange) -> None:
        for error in exchange.body["errors"]:
            error["path"] = error.pop("field")

    _on_validation_problems(mock, change)


@fault("requests/refusal-names-the-field")
def errors_name_the_whole_body(mock: Bench) -> None:
    """An error's field is the path to the member at fault, not a word for the whole body."""
    _on_validation_problems(
        mock, lambda exchange: set_member("errors.*.field", "body")(exchange) if exchange.method != "GET" else None
    )


@fault("requests/refusal-names-the-field")
def errors_name_only_the_last_step(mock: Bench) -> None:
    """An error's field is the whole dotted path into the body."""
    _on_validation_problems(mock, map_member("errors.*.field", lambda field: field.rpartition(".")[2]))


@fault("requests/refusal-names-the-field")
def errors_name_another_parameter(mock: Bench) -> None:
    """The problem of a parameter that is wrong names that parameter."""

    def change(exchange: Exchange) -> None:
        if exchange.method == "GET":
            set_member("errors.*.field", "query")(exchange)

    _on_validation_problems(mock, change)
