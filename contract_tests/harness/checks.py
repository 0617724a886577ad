"""The rules that every response is held to, whatever it answers.

Each check looks at one exchange and yields what it saw against its rule. What spans several responses is left to the
tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import NO_JSON, Exchange
from contract_tests.harness.plain_requests import PlainRequests
from contract_tests.harness.rules import Break, Rule
from generated.contract import OPERATIONS, PROBLEMS, SOURCES, Header, ProblemCode

PROBLEM_MEDIA_TYPES = ("application/problem+json", "application/json")
_RATE_HEADERS = (Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING, Header.RATE_LIMIT_RESET)
REFUSALS_OF_INVALID = (ProblemCode.VALIDATION_FAILED, ProblemCode.BAD_REQUEST)
_LONG_KEY = 16
_SECRET, _FEW_CHARACTERS = re.compile(r"whsec_([A-Za-z0-9+/_=-]{16,})"), 4
"""A webhook's secret, also one that is not known yet; what is masked has few characters, however long it is."""
_INTEGER = re.compile(r"-?[0-9]+")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|\bat [\w.$<>]+ \([^()\s]+:\d+(:\d+)?\)|\bat [\w.$]+\([\w.]+\.java:\d+\)"
    r"|goroutine \d+ \[|\.(?:js|ts|py|go|rb|php):\d+:\d+\)"
)


@dataclass
class Seen:
    """What the checks remember of earlier exchanges."""

    document: Document
    plain: PlainRequests
    request_ids: dict[str, int] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    """Keys and webhook secrets, which no body may show again."""
    asked: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """What was asked of each own run, template and webhook, by key, kind and id."""
    lost: int = 0
    """How many requests had gone without an answer when that was still known for certain."""


Check = Callable[[Exchange, Seen], Iterable[str]]
CHECKS: list[tuple[Rule, Callable[[Exchange, Seen], bool], Check]] = []


def check(
    rule_id: str, sentence: str, *, source: str = "overview", when: Callable[[Exchange, Seen], bool] = lambda *_: True
) -> Callable[[Check], Check]:
    """Make a function one of the checks on every response that `when` picks."""

    def register(function: Check) -> Check:
        CHECKS.append((Rule(rule_id, source, sentence), when, function))
        return function

    return register


def _is_problem(exchange: Exchange, _: Seen) -> bool:
    return exchange.status >= 400


def _is_documented_problem(exchange: Exchange, seen: Seen) -> bool:
    return _is_problem(exchange, seen) and isinstance(exchange.json, dict)


def _is_of_operation(exchange: Exchange, _: Seen) -> bool:
    return exchange.request.operation_id is not None


def _is_of_assumed_operation(exchange: Exchange, _: Seen) -> bool:
    operation = OPERATIONS.get(exchange.request.operation_id or "")
    return operation is not None and operation.source == "assumed"


def _undocumented_status(exchange: Exchange, seen: Seen) -> Iterator[str]:
    operation_id = exchange.request.operation_id
    if operation_id is None:
        if exchange.status not in (404, 401, 429) and exchange.request.authorization:
            yield f"{exchange.request.method} {exchange.request.path} is no operation, but answered {exchange.status}"
    elif not exchange.succeeded and seen.document.response(operation_id, exchange.status) is None:
        documented = [OPERATIONS[operation_id].success_status, *OPERATIONS[operation_id].problem_codes]
        yield f"the status {exchange.status} is none of {', '.join(map(str, sorted(documented)))}"


@check(
    "responses/status-is-documented",
    "An operation answers only with statuses that the document lists for it; what the document lacks is a 404.",
    when=lambda exchange, seen: not _is_of_assumed_operation(exchange, seen),
)
def _status(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _undocumented_status(exchange, seen)


@check(
    "responses/assumed-status",
    "An operation that is assumed answers only with the statuses that are assumed for it.",
    source="assumed",
    when=_is_of_assumed_operation,
)
def _assumed_status(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _undocumented_status(exchange, seen)


@check(
    "responses/success-status",
    "Reads and updates succeed with 200, creates with 201, deletes with 204.",
    source="assumed",
    when=lambda exchange, _: exchange.succeeded and exchange.request.operation_id is not None,
)
def _success_status(exchange: Exchange, _: Seen) -> Iterator[str]:
    expected = OPERATIONS[exchange.request.operation_id or ""].success_status
    if exchange.status != expected:
        yield f"the status is {exchange.status}, not {expected}"


@check(
    "responses/no-server-error",
    "No request of the suite makes the server fail: none is answered 500.",
)
def _no_server_error(exchange: Exchange, _: Seen) -> Iterator[str]:
    if exchange.status >= 500 and exchange.status not in (502, 503, exchange.request.provokes):
        yield f"the server failed with {exchange.status}"


def _is_plainly_valid(exchange: Exchange, seen: Seen) -> bool:
    return exchange.status not in (401, 429) and seen.plain.holds(exchange.request)


def _refused_as_invalid(exchange: Exchange) -> Iterator[str]:
    # A refusal for the state of things is none as invalid.
    if exchange.status == 400 and exchange.code in REFUSALS_OF_INVALID:
        yield f"a valid request is refused: {exchange.summary()[:300]}"


@check(
    "requests/valid-is-accepted",
    "What keeps the schema of an operation is not refused as invalid, up to the very bounds.",
    source="reference",
    when=lambda exchange, seen: _is_plainly_valid(exchange, seen) and not seen.plain.is_assumed(exchange.request),
)
def _valid(exchange: Exchange, _: Seen) -> Iterator[str]:
    return _refused_as_invalid(exchange)


@check(
    "requests/assumed-valid-is-accepted",
    "What is assumed that an operation takes is not refused as invalid.",
    source="assumed",
    when=lambda exchange, seen: _is_plainly_valid(exchange, seen) and seen.plain.is_assumed(exchange.request),
)
def _assumed_valid(exchange: Exchange, _: Seen) -> Iterator[str]:
    return _refused_as_invalid(exchange)


@check(
    "headers/rate-limit-on-every-response",
    "Every response, errors included, carries X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset.",
)
def _rate_headers(exchange: Exchange, _: Seen) -> Iterator[str]:
    missing = [name for name in _RATE_HEADERS if name.lower() not in exchange.response.headers]
    if missing:
        yield f"the response with status {exchange.status} has no {' and no '.join(missing)}"


@check(
    "headers/rate-limit-well-formed",
    "The rate headers are whole numbers: the limit as documented, the remaining requests never negative and below "
    "the limit, the reset in Unix seconds.",
)
def _rate_headers_form(exchange: Exchange, seen: Seen) -> Iterator[str]:
    for name in _RATE_HEADERS:
        yield from _header_errors(exchange, seen, name)


@check(
    "headers/retry-after-on-429",
    "Every 429 response, of either kind, carries Retry-After in whole seconds, never negative.",
    when=lambda exchange, _: exchange.status == 429,
)
def _retry_after(exchange: Exchange, seen: Seen) -> Iterator[str]:
    if Header.RETRY_AFTER.lower() not in exchange.response.headers:
        yield "the 429 response has no Retry-After"
    yield from _header_errors(exchange, seen, Header.RETRY_AFTER)


@check(
    "headers/retry-after-only-on-429",
    "Retry-After is on 429 responses only.",
    when=lambda exchange, _: exchange.status != 429,
)
def _no_retry_after(exchange: Exchange, _: Seen) -> Iterator[str]:
    value = exchange.response.headers.get(Header.RETRY_AFTER.lower())
    # A gateway in front of the server may add it to a 503, as RFC 9110 has it.
    if value is not None and exchange.status != 503:
        yield f"the response with status {exchange.status} has Retry-After: {value}"


@check(
    "rate-limit/refused-has-none-left",
    "A refusal for the rate limit says that no request remains.",
    when=lambda exchange, _: exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED,
)
def _none_left(exchange: Exchange, _: Seen) -> Iterator[str]:
    text = exchange.response.headers.get(Header.RATE_LIMIT_REMAINING.lower(), "0").strip()
    if _INTEGER.fullmatch(text) and int(text) > 0:
        yield f"the request is refused although {int(text)} remain"


def _header_errors(exchange: Exchange, seen: Seen, name: str) -> Iterator[str]:
    text = exchange.response.headers.get(name.lower())
    if text is None:
        return
    if not _INTEGER.fullmatch(text.strip()):
        yield f"{name}: {text[:60]!r} is no whole number"
        return
    for error in seen.document.errors(seen.document.headers[name], int(text)):
        yield f"{name}: {error.message}"


@check(
    "responses/media-type",
    "Bodies are application/json, problems application/problem+json or application/json.",
    when=lambda exchange, _: bool(exchange.response.body),
)
def _media_type(exchange: Exchange, _: Seen) -> Iterator[str]:
    allowed = PROBLEM_MEDIA_TYPES if exchange.status >= 400 else ("application/json",)
    if exchange.response.media_type not in allowed:
        yield f"the media type is {exchange.response.media_type or 'missing'}, not {' or '.join(allowed)}"


@check(
    "responses/body-is-json",
    "A body is JSON; only the success of a delete has none.",
)
def _is_json(exchange: Exchange, _: Seen) -> Iterator[str]:
    operation = OPERATIONS.get(exchange.request.operation_id or "")
    if exchange.status == 204:
        if exchange.response.body:
            yield "a 204 response has a body"
    elif exchange.status >= 400 or (operation is not None and operation.success_status != 204):
        if exchange.json is NO_JSON:
            yield "the body is no JSON"
        elif exchange.status >= 400 and not isinstance(exchange.json, dict):
            yield "the problem is no JSON object"


def _body_errors(exchange: Exchange, seen: Seen) -> Iterator[tuple[str, str]]:
    """Where a success body breaks its schema: the source of the broken sentence and what was seen."""
    operation_id = exchange.request.operation_id
    if operation_id is None or not exchange.succeeded or exchange.json is NO_JSON:
        return
    response = seen.document.response(operation_id, OPERATIONS[operation_id].success_status)
    if response is None or "content" not in seen.document.at(response):
        return
    for error in seen.document.errors((*response, "content", "application/json", "schema"), exchange.json):
        yield error.source, str(error)


@check(
    "responses/body-fits-its-schema",
    "A success has every member that the document requires, of the type and within the bounds that it says.",
    source="reference",
    when=lambda exchange, _: exchange.succeeded,
)
def _body(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return (message for source, message in _body_errors(exchange, seen) if SOURCES[source].level == "must")


@check(
    "responses/body-fits-assumed-schema",
    "The members whose shape is assumed are as assumed.",
    source="assumed",
    when=lambda exchange, _: exchange.succeeded,
)
def _assumed_body(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return (message for source, message in _body_errors(exchange, seen) if SOURCES[source].level == "should")


@check(
    "problems/has-its-members",
    "A problem has type (a bare word), title and status; its other members are of the right type; VALIDATION_FAILED "
    "always lists at least one error with field, message and code.",
    when=_is_documented_problem,
)
def _problem(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return (str(error) for error in seen.document.errors(seen.document.problem, exchange.json))


@check(
    "problems/status-repeats-the-status",
    "A problem's status member equals the HTTP status.",
    when=_is_documented_problem,
)
def _problem_status(exchange: Exchange, _: Seen) -> Iterator[str]:
    status = exchange.json.get("status")
    if status is not None and status != exchange.status:
        yield f"the problem says status {str(status)[:40]}, the response has {exchange.status}"


@check(
    "problems/code-comes-with-its-status",
    "A problem's code is one of the catalogue and comes with the status that the catalogue gives it.",
    when=_is_documented_problem,
)
def _catalogue(exchange: Exchange, seen: Seen) -> Iterator[str]:
    code = exchange.code
    if code is None:
        return
    kind = _kind(code)
    if kind is None:
        # 503 is the one status without a listed code.
        if exchange.status != 503 and _source_of_codes(exchange, seen) != "assumed":
            yield f"the code {code[:60]} is not in the catalogue"
    elif kind.status != exchange.status:
        yield f"the code {code} comes with status {exchange.status}, not {kind.status}"


def _kind(code: str) -> Any:
    return PROBLEMS.get(ProblemCode(code)) if code in ProblemCode.__members__ else None


def _source_of_codes(exchange: Exchange, seen: Seen) -> str:
    """Who says which codes an operation answers a status with; the overview where nobody says more."""
    operation = OPERATIONS.get(exchange.request.operation_id or "")
    if operation is None or operation.source == "assumed":
        return "overview" if operation is None else "assumed"
    response = seen.document.response(operation.operation_id, exchange.status)
    if response is None:
        return "overview"
    schema = (*response, "content", PROBLEM_MEDIA_TYPES[0], "schema")
    sources = {error.source for error in seen.document.errors(schema, exchange.json) if error.where == ("type",)}
    return "assumed" if sources == {"assumed"} else "overview"


def _misplaced_code(exchange: Exchange, seen: Seen) -> str | None:
    """The source of the sentence that a code breaks by being answered by this operation."""
    operation_id, code = exchange.request.operation_id, exchange.code
    if code is None:
        return None
    kind = _kind(code)
    if kind is None:
        is_assumed = exchange.status != 503 and _source_of_codes(exchange, seen) == "assumed"
        return "assumed" if is_assumed else None  # other rules speak of other unknown codes
    if kind.status != exchange.status:
        return None  # another rule speaks of that
    if operation_id is None:
        return "overview" if exchange.status == 404 and code != ProblemCode.NOT_FOUND else None
    if code in OPERATIONS[operation_id].problem_codes.get(exchange.status, (code,)):
        return None
    return _source_of_codes(exchange, seen)


@check(
    "problems/code-is-documented",
    "An operation answers only with the codes that the document lists for it and the status.",
    when=_is_documented_problem,
)
def _documented_code(exchange: Exchange, seen: Seen) -> Iterator[str]:
    if _misplaced_code(exchange, seen) == "overview":
        asked = exchange.request.operation_id or "what is no operation"
        yield f"{asked} answers {exchange.status} with {exchange.code}"


@check(
    "problems/assumed-code",
    "An operation answers with the codes that are assumed for it where nothing published names one.",
    source="assumed",
    when=_is_documented_problem,
)
def _assumed_code(exchange: Exchange, seen: Seen) -> Iterator[str]:
    if _misplaced_code(exchange, seen) == "assumed":
        yield f"{exchange.request.operation_id} answers {exchange.status} with {exchange.code}"


@check(
    "problems/title-of-its-code",
    "A problem's title starts with the text that the catalogue gives its code.",
    source="assumed",
    when=_is_documented_problem,
)
def _title(exchange: Exchange, _: Seen) -> Iterator[str]:
    kind = _kind(exchange.code or "")
    title = exchange.json.get("title")
    if kind is not None and isinstance(title, str) and not title.startswith(kind.title):
        yield f"the title of {kind.code} is {title[:80]!r}, not {kind.title!r}"


@check(
    "problems/instance-is-the-path",
    "Where a problem has an instance, it is the path of the request.",
    when=_is_documented_problem,
)
def _instance(exchange: Exchange, _: Seen) -> Iterator[str]:
    instance = exchange.json.get("instance")
    if isinstance(instance, str) and instance not in (exchange.request.path, exchange.request.target):
        yield f"the instance is {instance[:80]!r}, the path {exchange.request.path[:80]!r}"


@check(
    "problems/request-ids-differ",
    "Where problems have request ids, no two share one.",
    when=lambda exchange, seen: _is_documented_problem(exchange, seen) and bool(exchange.json.get("requestId")),
)
def _request_ids(exchange: Exchange, seen: Seen) -> Iterator[str]:
    request_id = str(exchange.json["requestId"])
    first = seen.request_ids.setdefault(request_id, exchange.number)
    if first != exchange.number:
        yield f"the request id {request_id[:60]!r} was seen before"


@check(
    "responses/no-secret",
    "No body shows an API key, a webhook's secret after its creation, or a stack trace.",
)
def _no_secret(exchange: Exchange, seen: Seen) -> Iterator[str]:
    text = exchange.response.body.decode("utf-8", "replace")
    secrets = seen.secrets | _sent_keys(exchange)
    creates = exchange.request.operation_id == "createWebhook" and exchange.succeeded
    strange = [] if creates else [found for found in _SECRET.findall(text) if len(set(found)) > _FEW_CHARACTERS]
    if strange or any(secret in text for secret in secrets):
        yield "the body shows a key or a webhook's secret"
    if _TRACE.search(text) and exchange.status >= 400:
        yield "the body shows a stack trace"
    body = exchange.json
    if creates and isinstance(body, dict):
        secret = body.get("secret")
        if isinstance(secret, str) and len(secret) > len("whsec_"):
            seen.secrets.add(secret)


def _sent_keys(exchange: Exchange) -> set[str]:
    """The key that the request had, one that nobody knows included, when it is too long to be in a body by chance."""
    key = (exchange.request.authorization or "").removeprefix("Bearer ")
    return {key} if len(key) >= _LONG_KEY else set()


def check_response(exchange: Exchange, seen: Seen) -> Iterator[tuple[Rule, list[Break]]]:
    """Hold an exchange to every rule that speaks of it. Yields each such rule with what broke it, if anything did."""
    if exchange.request.on_the_line and 400 <= exchange.status < 500:
        is_documented = seen.document.response(exchange.request.operation_id or "", exchange.status) is not None
        if exchange.code is None or not is_documented:
            return  # perhaps by what stands in front of the server
    for rule, applies, function in CHECKS:
        if applies(exchange, seen):
            yield rule, [Break(rule, message, exchange, exchange.number) for message in function(exchange, seen)]
