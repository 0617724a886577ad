"""What can go wrong with asking for a key, on every operation and before everything else?"""

from __future__ import annotations

from collections.abc import Collection

from generated.contract import OPERATIONS, ProblemCode
from mock_server.altered import Bench, Exchange, Proceed
from mock_server.faults.isolation import Everyone
from mock_server.faults.registry import fault

_STRANGER = (b"authorization", b"Bearer csk_live_stranger")


def _authorizations(exchange: Exchange) -> list[bytes]:
    return [value for name, value in exchange.request_headers if name == b"authorization"]


def _let_in(exchange: Exchange) -> None:
    others = [header for header in exchange.request_headers if header[0] != b"authorization"]
    exchange.request_headers = [*others, _STRANGER]


def _open(mock: Bench, operations: Collection[str]) -> None:
    """These operations need no key."""

    def before(exchange: Exchange) -> None:
        if exchange.api_key is None:
            _let_in(exchange)

    mock.before(before, operations)


@fault("authentication/every-operation-needs-a-key")
def no_key_needed_to_list_repositories(mock: Bench) -> None:
    """Every operation needs a key, listRepositories too."""
    _open(mock, ["listRepositories"])


@fault("authentication/every-operation-needs-a-key")
def no_key_needed_to_cancel(mock: Bench) -> None:
    """Every operation needs a key, cancelRun too."""
    _open(mock, ["cancelRun"])


@fault("authentication/every-operation-needs-a-key")
def no_key_needed_to_delete_webhooks(mock: Bench) -> None:
    """Every operation needs a key, deleteWebhook too."""
    _open(mock, ["deleteWebhook"])


@fault("authentication/every-operation-needs-a-key")
def no_key_needed_to_read_credits(mock: Bench) -> None:
    """Every operation needs a key, getCredits too."""
    _open(mock, ["getCredits"])


@fault("authentication/every-operation-needs-a-key")
def any_bearer_value_is_let_in(mock: Bench) -> None:
    """A Bearer value that is no valid key is refused."""

    def before(exchange: Exchange) -> None:
        if exchange.api_key is None and any(
            value.lower().startswith(b"bearer ") for value in _authorizations(exchange)
        ):
            _let_in(exchange)

    mock.before(before)


@fault("authentication/every-operation-needs-a-key")
def unknown_keys_may_read(mock: Bench) -> None:
    """A key that does not exist is refused for reads too."""

    def before(exchange: Exchange) -> None:
        values = _authorizations(exchange)
        if exchange.api_key is None and exchange.method == "GET" and values and b"csk_live_" in values[0]:
            _let_in(exchange)

    mock.before(before)


@fault("authentication/every-operation-needs-a-key")
def any_scheme_is_accepted(mock: Bench) -> None:
    """The key comes with the scheme Bearer: another scheme is refused."""

    def before(exchange: Exchange) -> None:
        exchange.request_headers = [
            (name, b"Bearer " + value.rpartition(b" ")[2] if name == b"authorization" else value)
            for name, value in exchange.request_headers
        ]

    mock.before(before)


def _looking_first(mock: Bench, operations: Collection[str], codes: Collection[str], *, as_the_last: bool) -> None:
    """Without a key these operations look at the request before they miss the key, and tell problems of these codes.

    They look at it as if it came from a stranger or `as_the_last` that had a valid key, which must do no harm then.
    """
    key = _STRANGER

    async def around(exchange: Exchange, proceed: Proceed) -> None:
        nonlocal key
        given = exchange.request_headers
        if exchange.api_key is not None:
            key = (b"authorization", _authorizations(exchange)[0]) if as_the_last else key
        elif exchange.operation_id in operations:
            exchange.request_headers = [*(header for header in given if header[0] != b"authorization"), key]
            await proceed()
            if exchange.code in codes:
                return
            exchange.request_headers = given
        await proceed()

    mock.around(around)


@fault("authentication/comes-first", source="assumed")
def existence_is_told_without_a_key(mock: Bench) -> None:
    """A request without a key is answered 401 before anything is said of what exists."""
    operations = ("getRun", "listRunLogs", "getTemplate")
    _looking_first(mock, operations, ("NOT_FOUND", "TEMPLATE_NOT_FOUND"), as_the_last=True)


@fault("authentication/comes-first", source="assumed")
def bodies_are_validated_without_a_key(mock: Bench) -> None:
    """A request without a key is answered 401 before its body is validated."""
    operations = ("createRun", "createTemplate", "createWebhook")
    _looking_first(mock, operations, ("VALIDATION_FAILED", "BAD_REQUEST"), as_the_last=False)


@fault("requests/operation-succeeds", "requests/valid-is-accepted")
def keys_are_refused_for_updates(mock: Bench) -> None:
    """A valid key is good for every operation, updateTemplate too."""

    def before(exchange: Exchange) -> None:
        exchange.request_headers = [header for header in exchange.request_headers if header[0] != b"authorization"]

    mock.before(before, ["updateTemplate"])


@fault("requests/operation-succeeds", "requests/valid-is-accepted", "repositories/listed-for-the-node", source="node")
def unknown_request_headers_are_refused(mock: Bench) -> None:
    """A client may send headers of its own: the n8n node sends X-Cospec-Source on every call."""

    def after(exchange: Exchange) -> None:
        if any(name == b"x-cospec-source" for name, _ in exchange.request_headers):
            exchange.status = 400
            exchange.headers["content-type"] = "application/problem+json"
            exchange.body = {"type": "BAD_REQUEST", "title": "Bad request", "status": 400, "instance": exchange.path}

    mock.after(after, OPERATIONS)


@fault("authentication/every-operation-needs-a-key")
def keys_are_good_without_their_scheme(mock: Bench) -> None:
    """The key comes with the scheme Bearer, not alone."""

    def before(exchange: Exchange) -> None:
        exchange.request_headers = [
            (name, b"Bearer " + value if name == b"authorization" and value.startswith(b"csk_live_") else value)
            for name, value in exchange.request_headers
        ]

    mock.before(before)


@fault("authentication/every-operation-needs-a-key")
def keys_are_compared_as_far_as_they_go(mock: Bench) -> None:
    """A valid key with more behind it is no valid key."""

    def before(exchange: Exchange) -> None:
        exchange.request_headers = [
            (name, value.rstrip(b"~") if name == b"authorization" else value)
            for name, value in exchange.request_headers
        ]

    mock.before(before)


@fault("authentication/every-operation-needs-a-key", "responses/no-server-error")
def schemes_without_a_key_fail(mock: Bench) -> None:
    """The scheme Bearer without a key is the client's mistake, not the server's."""

    def after(exchange: Exchange) -> None:
        if _authorizations(exchange) == [b"Bearer"]:
            exchange.refuse(ProblemCode.INTERNAL_ERROR)

    mock.after(after)


@fault("authentication/refused-has-no-effect")
def keyless_deletions_take_effect(mock: Bench) -> None:
    """A request without a valid key deletes nothing."""
    everyone = Everyone(mock)

    def before(exchange: Exchange) -> None:
        if exchange.api_key is None and exchange.method == "DELETE":
            name = exchange.path.rpartition("/")[2]
            for organization in everyone.organizations.values():
                organization.webhooks.pop(name, None)

    mock.before(before)


@fault("authentication/refused-has-no-effect")
def keyless_updates_take_effect(mock: Bench) -> None:
    """A request without a valid key changes nothing."""
    everyone = Everyone(mock)

    def before(exchange: Exchange) -> None:
        if exchange.api_key is None and exchange.operation_id == "updateTemplate":
            name = exchange.path.rpartition("/")[2]
            for organization in everyone.organizations.values():
                template = organization.templates.get(name)
                if template is not None:
                    template.name = exchange.request_body.get("name", template.name)

    mock.before(before)
