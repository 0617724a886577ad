"""Each rule on every response takes right answers and refuses wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from contract_tests.harness import echoes, pages  # noqa: F401 - they register their rules
from contract_tests.harness.checks import CHECKS, Seen, check_response
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.plain_requests import PlainRequests
from generated.contract import OPERATIONS, PROBLEMS, Header, ProblemCode
from tests.contract_tests.exchanges import RATE_HEADERS, document, example, exchange, problem, success

LIMIT, REMAINING, RESET = RATE_HEADERS
AFTER = Header.RETRY_AFTER
RULES = {rule.id.partition("/")[2]: rule for rule, _, _ in CHECKS}
"""Every rule on every response, by what follows the subject in its id."""

TEMPLATES = example("listTemplates")
RUNS = example("listRuns")
CREATED = example("createWebhook")
TEMPLATE = example("createTemplate")["template"]
WEBHOOK = {"url": CREATED["url"], "events": CREATED["events"]}
RUN: dict[str, Any] = {
    "repo": "acme/storefront",
    "prompt": "Fix it. ✓",
    "template": "node-default",
    "env": {"A": "", "B": "007"},
}


RUN_CREATED = example("createRun")
HOURS_AHEAD = "2027-01-15T10:00:00Z"


def made_template(given: Any, **shown: Any) -> Exchange:
    """A create of a template that was given these members and shows these."""
    sent = {"slug": TEMPLATE["slug"], "name": TEMPLATE["name"], "baseImage": TEMPLATE["baseImage"], **given}
    return success("createTemplate", {"template": TEMPLATE | given | shown}, sent=sent)


def changed_template(given: Any, **shown: Any) -> Exchange:
    """A change of it."""
    return success("updateTemplate", {"template": TEMPLATE | given | shown}, sent=given)


def made_run(**given: Any) -> Exchange:
    return success("createRun", sent=RUN | given)


def read_run(**shown: Any) -> Exchange:
    """That run, as it was asked for but for what is shown otherwise."""
    asked = {"id": example("createRun")["id"], "prompt": RUN["prompt"], "envVars": RUN["env"]}
    return success("getRun", example("getRun") | asked | shown)


def broken(*exchanges: Exchange) -> dict[str, list[str]]:
    """What the exchanges break, one after another: what was seen, by rule."""
    seen = Seen(document(), PlainRequests(document()))
    found: dict[str, list[str]] = {}
    for one in exchanges:
        for rule, breaks in check_response(one, seen):
            if breaks:
                found.setdefault(rule.id.partition("/")[2], []).extend(broken.seen for broken in breaks)
    return found


def page(body: Any, data: list[Any] | None = None, **pagination: Any) -> Any:
    """A page with other items or another pagination; a member that is None is left out."""
    told = {name: value for name, value in (body["pagination"] | pagination).items() if value is not None}
    return {**body, "data": body["data"] if data is None else data, "pagination": told}


def not_found(members: Mapping[str, Any] | None = None, **altered: Any) -> Exchange:
    return problem("getRun", ProblemCode.NOT_FOUND, members, **altered)


def too_many(**altered: Any) -> Exchange:
    return problem("getRun", ProblemCode.RATE_LIMIT_EXCEEDED, **altered)


def runs(data: list[Any] | None = None, *, query: Mapping[str, int] | None = None, **pagination: Any) -> Exchange:
    """A page of runs."""
    told = {"page": 1, "limit": 20, "total": 1, "totalPages": 1} | pagination
    return success("listRuns", page(RUNS, data, **told), query=query or {})


# Right answers


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_success_that_the_document_shows_is_right(operation_id: str) -> None:
    shown = example(operation_id)
    asked = {}
    if isinstance(shown, dict) and "pagination" in shown:
        told = shown["pagination"]
        asked = {"query": {name: told[name] for name in ("page", "limit", "offset") if name in told}}
    assert broken(success(operation_id, shown, **asked)) == {}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_problem_that_the_document_lists_is_right(operation_id: str) -> None:
    for codes in OPERATIONS[operation_id].problem_codes.values():
        for code in codes:
            provokes = PROBLEMS[code].status
            assert broken(problem(operation_id, code, provokes=provokes)) == {}, code


_PLAIN = {"slug": "one", "name": "One", "baseImage": "node-22"}

RIGHT = {
    "a problem as plain JSON": problem("getRun", ProblemCode.NOT_FOUND, headers={"content-type": "application/json"}),
    "a media type with a parameter": success("getCredits", headers={"content-type": "application/json; charset=utf-8"}),
    "what is no operation is not found": problem(None, ProblemCode.NOT_FOUND),
    "what is no operation needs a key": problem(None, ProblemCode.API_KEY_INVALID),
    "a status without a listed code": exchange(
        "createRun", 503, {"type": "SANDBOX_BUSY", "title": "Busy", "status": 503}, headers={"Retry-After": "5"}
    ),
    "a server that was told to fail": problem("getRun", ProblemCode.INTERNAL_ERROR, provokes=500),
    "a longer title": problem("getRun", ProblemCode.NOT_FOUND, {"title": "Resource not found: no such run"}),
    "the path as instance": problem("getRun", ProblemCode.NOT_FOUND, {"instance": "/v1/runs/one"}),
    "path and query as instance": problem(
        "listRuns", ProblemCode.VALIDATION_FAILED, {"instance": "/v1/runs?limit=0"}, query={"limit": 0}
    ),
    "a refusal of a body with a member that is not named": problem(
        "createTemplate", ProblemCode.VALIDATION_FAILED, sent=_PLAIN | {"owner": "me"}
    ),
    "a refusal of a limit with a sign": problem("listRuns", ProblemCode.VALIDATION_FAILED, query={"limit": "+1"}),
    "a refusal of dates that are not in order": problem(
        "listUsageLogs",
        ProblemCode.VALIDATION_FAILED,
        query={"startDate": "2026-03-02T00:00:00Z", "endDate": "2026-03-01T00:00:00Z"},
    ),
    "an empty list has no page": runs([], total=0, totalPages=0),
    "an empty list has a page": runs([], total=0, totalPages=1),
    "members that nobody knows": success("getCredits", example("getCredits") | {"later": True}),
    "what nobody asked for here is shown as whatever": read_run(prompt="Something else."),
    "a run says at line 3 of its file": success(
        "getRun", example("getRun") | {"prompt": "Fix: at load (/app/index.js:3:7)"}
    ),
}


@pytest.mark.parametrize("words", RIGHT)
def test_what_is_right_breaks_nothing(words: str) -> None:
    assert broken(RIGHT[words]) == {}


# Wrong answers


@dataclass(frozen=True)
class Wrong:
    """Answers of which the last one breaks a rule, what it breaks besides, and a part of what must be told."""

    rule: str
    answers: tuple[Exchange, ...]
    told: str
    besides: tuple[str, ...] = ()


def wrong(rule: str, told: str, *answers: Exchange, besides: tuple[str, ...] = ()) -> Wrong:
    return Wrong(rule, answers, told, besides)


_RUN = example("getRun")
_WITHOUT_ID = {name: value for name, value in _RUN.items() if name != "id"}
_SECRET = CREATED["secret"]
_FITS = "body-fits-its-schema"

WRONG = [
    wrong(
        "valid-is-accepted",
        "a valid request is refused: 400",
        problem("createTemplate", ProblemCode.VALIDATION_FAILED, sent=_PLAIN),
    ),
    wrong(
        "assumed-valid-is-accepted",
        "a valid request is refused: 400",
        problem("createTemplate", ProblemCode.VALIDATION_FAILED, sent=_PLAIN | {"guardrails": {"timeoutMinutes": 60}}),
    ),
    wrong(
        "assumed-valid-is-accepted", "400", problem("listTemplates", ProblemCode.VALIDATION_FAILED, query={"limit": 1})
    ),
    wrong("valid-is-accepted", "400", problem("listRuns", ProblemCode.VALIDATION_FAILED, query={"limit": 100})),
    wrong(
        "status-is-documented",
        "405",
        exchange(None, 405, {"type": "X", "title": "X", "status": 405}),
        besides=("code-comes-with-its-status",),
    ),
    wrong("status-is-documented", "is no operation, but answered 200", exchange(None, 200, {})),
    wrong("status-is-documented", "409 is none of 200, 401", problem("getRun", ProblemCode.CONFLICT)),
    wrong("status-is-documented", "302", exchange("getRun", 302, {})),
    wrong("assumed-status", "403 is none of 200, 401", problem("cancelRun", ProblemCode.TEMPLATE_SYSTEM_READONLY)),
    wrong("success-status", "200, not 201", success("createRun", status=200)),
    wrong("success-status", "200, not 204", success("deleteWebhook", {}, status=200)),
    wrong("no-server-error", "500", problem("getRun", ProblemCode.INTERNAL_ERROR)),
    wrong("no-server-error", "500", problem("getRun", ProblemCode.INTERNAL_ERROR, provokes=502)),
    *[
        wrong("rate-limit-on-every-response", name, success("getRun", without=(name,)))
        for name in (Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING, Header.RATE_LIMIT_RESET)
    ],
    wrong("rate-limit-on-every-response", "status 404", not_found(without=(RESET,))),
    wrong("rate-limit-well-formed", "'199.0' is no whole number", success("getRun", headers={REMAINING: "199.0"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Remaining", success("getRun", headers={REMAINING: "-1"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Remaining", success("getRun", headers={REMAINING: "200"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Limit", success("getRun", headers={LIMIT: "100"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Reset", success("getRun", headers={RESET: "60"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Reset", success("getRun", headers={RESET: "1800000060000"})),
    wrong("rate-limit-well-formed", "X-RateLimit-Reset", success("getRun", headers={RESET: "2027-01-15T08:01:00Z"})),
    wrong("retry-after-on-429", "no Retry-After", too_many(without=(AFTER,))),
    wrong(
        "retry-after-on-429",
        "no Retry-After",
        problem("createRun", ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, without=(AFTER,)),
    ),
    wrong("retry-after-on-429", "Retry-After", too_many(headers={AFTER: "-3"})),
    wrong("retry-after-on-429", "no whole number", too_many(headers={AFTER: "Fri, 15 Jan 2027 08:00:00 GMT"})),
    wrong("retry-after-only-on-429", "status 200 has Retry-After: 5", success("getRun", headers={AFTER: "5"})),
    wrong("media-type", "text/html, not application/json", success("getRun", headers={"content-type": "text/html"})),
    wrong("media-type", "missing", success("getRun", without=("content-type",))),
    wrong(
        "media-type",
        "application/problem+json, not",
        success("getRun", headers={"content-type": "application/problem+json"}),
    ),
    wrong("body-is-json", "no JSON", success("getRun", content=b"<html>")),
    wrong("body-is-json", "no JSON", success("getRun", content=b"")),
    wrong("body-is-json", "no JSON", success("getCredits", content=b'{"creditsUsd": NaN}')),
    wrong("body-is-json", "no JSON", not_found(content=b"Not found")),
    wrong("body-is-json", "no JSON object", not_found(content=b'"NOT_FOUND"')),
    wrong("body-is-json", "204 response has a body", exchange("deleteWebhook", 204, {})),
    wrong(_FITS, "id", success("getRun", _WITHOUT_ID)),
    wrong(_FITS, "status", success("getRun", _RUN | {"status": "sleeping"})),
    wrong(_FITS, "createdAt", success("getRun", _RUN | {"createdAt": "yesterday"})),
    wrong(_FITS, "data.0", runs([7])),
    wrong(_FITS, 'pagination: "total"', success("listTemplates", page(TEMPLATES, total=None, page=1, limit=20))),
    wrong(_FITS, "the body", success("getRun", [])),
    wrong("body-fits-assumed-schema", "the body", success("getCredits", [])),
    wrong("body-fits-assumed-schema", "remainingUsd", success("getCredits", {"creditsUsd": 1, "usedUsd": 0})),
    wrong("has-its-members", "title", not_found({"title": None})),
    wrong("has-its-members", "status", not_found({"status": None})),
    wrong("has-its-members", "type", not_found({"type": None})),
    wrong(
        "has-its-members",
        "type",
        not_found({"type": "https://api.cospec.io/problems/not-found"}),
        besides=("assumed-code",),
    ),
    wrong("has-its-members", "errors", problem("createRun", ProblemCode.VALIDATION_FAILED, {"errors": None})),
    wrong("has-its-members", "errors", problem("createRun", ProblemCode.VALIDATION_FAILED, {"errors": []})),
    wrong(
        "has-its-members",
        "errors.0",
        problem("createRun", ProblemCode.VALIDATION_FAILED, {"errors": [{"field": "repo"}]}),
    ),
    wrong("status-repeats-the-status", "says status 400, the response has 404", not_found({"status": 400})),
    wrong(
        "code-comes-with-its-status",
        "NOT_FOUND comes with status 400, not 404",
        problem("listRuns", ProblemCode.NOT_FOUND, {"status": 400}, status=400),
    ),
    wrong(
        "code-comes-with-its-status",
        "NO_TEMPLATE is not in the catalogue",
        problem("getTemplate", ProblemCode.TEMPLATE_NOT_FOUND, {"type": "NO_TEMPLATE"}),
    ),
    wrong("assumed-code", "getRun answers 404 with RUN_NOT_FOUND", not_found({"type": "RUN_NOT_FOUND"})),
    wrong(
        "code-is-documented",
        "getTemplate answers 404 with WEBHOOK_NOT_FOUND",
        problem("getTemplate", ProblemCode.WEBHOOK_NOT_FOUND),
    ),
    wrong(
        "code-is-documented",
        "what is no operation answers 404 with TEMPLATE_NOT_FOUND",
        problem(None, ProblemCode.TEMPLATE_NOT_FOUND),
    ),
    wrong(
        "assumed-code",
        "getRun answers 404 with REPOSITORY_NOT_FOUND",
        problem("getRun", ProblemCode.REPOSITORY_NOT_FOUND),
    ),
    wrong("title-of-its-code", "'Nope', not 'Resource not found'", not_found({"title": "Nope"})),
    wrong("instance-is-the-path", "'/v1/runs/two'", not_found({"instance": "/v1/runs/two"})),
    wrong(
        "request-ids-differ",
        "'req_1' was seen before",
        not_found({"requestId": "req_1"}),
        not_found({"requestId": "req_1"}),
    ),
    wrong(
        "no-secret",
        "shows a key or a webhook's secret",
        success("createWebhook"),
        success("getRun", _RUN | {"prompt": _SECRET}),
    ),
    wrong("no-secret", "stack trace", not_found({"detail": "Traceback (most recent call last):\n  File"})),
    wrong("no-secret", "stack trace", not_found({"detail": "Error\n    at load (/app/index.js:3:7)"})),
    wrong("no-secret", "stack trace", not_found({"detail": "at io.cospec.Runs.get(Runs.java:41)"})),
    wrong(
        "page-agrees-with-itself",
        "2 items, more than its limit of 1",
        runs(RUNS["data"][:1] * 2, limit=1, total=2, totalPages=2, query={"limit": 1}),
    ),
    wrong(
        "page-agrees-with-itself", "with total 41 and limit 20 there are 3 pages, not 2", runs(total=41, totalPages=2)
    ),
    wrong("page-says-what-was-asked-for", "asked for limit 20, the page says limit 50", runs(limit=50)),
    wrong(
        "page-says-what-was-asked-for",
        "asked for page 2, the page says page 1",
        runs(total=30, totalPages=2, query={"page": 2}),
    ),
    wrong("refused-has-none-left", "although 3 remain", too_many(headers={REMAINING: "3"})),
    wrong("created-at-is-now", "7200 seconds off", success("createRun", RUN_CREATED | {"createdAt": HOURS_AHEAD})),
    wrong("run-is-as-asked", "prompt is 'Fix it. ?'", made_run(), read_run(prompt="Fix it. ?")),
    wrong("template-is-as-asked", "name is 'one'", made_template({"name": "One"}, name="one")),
    wrong(
        "webhook-is-as-asked",
        "url is",
        success("createWebhook", sent=WEBHOOK),
        success("listWebhooks", {"data": [example("listWebhooks")["data"][0] | {"url": "https://acme.example/"}]}),
    ),
    wrong(
        "templates-and-repositories-take-page-and-limit",
        "asked for limit 7",
        success("listTemplates", page(TEMPLATES, limit=20, page=1, total=1, totalPages=1), query={"limit": 7}),
    ),
]


@pytest.mark.parametrize("case", WRONG, ids=[f"{number}-{case.rule}" for number, case in enumerate(WRONG)])
def test_what_is_wrong_breaks_its_rule_and_no_other(case: Wrong) -> None:
    before, last = broken(*case.answers[:-1]), broken(*case.answers)
    assert before == {}
    assert case.rule in last
    assert case.told in " ".join(last[case.rule])
    assert set(last) == {case.rule, *case.besides}


AS_ASKED: dict[str, tuple[Exchange, ...]] = {
    "a run is shown as it was asked for": (made_run(), read_run()),
    "a run has variables of its template too": (made_run(), read_run(envVars=RUN["env"] | {"C": "more"})),
    "members may be left out": (made_run(branch="main"), read_run(branch=None)),
    "an amount has fewer decimals": (
        made_run(guardrails={"maxCostUsd": 0.12345}),
        read_run(guardrails={"maxCostUsd": 0.12, "maxTurns": 1, "timeoutSeconds": 60}),
    ),
    "blanks at the ends may be cut off": (made_template({"name": " One "}, name="One"),),
    "domains in lower case and another order": (
        made_template({"egressDomains": ["B.example", "a.example"]}, egressDomains=["a.example", "b.example"]),
    ),
    "a description that was cleared is empty": (
        made_template({"description": "One."}),
        changed_template({"description": None}, description=""),
    ),
    "a change that is not plainly valid leaves nothing to say": (
        made_template({"name": "One"}),
        changed_template({"name": "Two", "slug": "other"}, slug=TEMPLATE["slug"]),
        success("getTemplate", {"template": TEMPLATE | {"name": "One"}}),
    ),
    "after a failed change nobody knows": (
        made_template({"name": "One"}),
        problem(
            "updateTemplate",
            ProblemCode.INTERNAL_ERROR,
            sent={"name": "Two"},
            provokes=500,
            path=f"/v1/templates/{TEMPLATE['id']}",
        ),
        success("getTemplate", {"template": TEMPLATE | {"name": "Two"}}),
    ),
    "events in another order": (success("createWebhook", CREATED | {"events": CREATED["events"][::-1]}, sent=WEBHOOK),),
    "another key's template has the same id": (
        made_template({"name": "One"}),
        success("getTemplate", {"template": TEMPLATE | {"name": "Two"}}, authorization="Bearer csk_live_of_another"),
    ),
}


@pytest.mark.parametrize("words", AS_ASKED)
def test_what_is_shown_as_asked_breaks_nothing(words: str) -> None:
    assert broken(*AS_ASKED[words]) == {}


@pytest.mark.parametrize(
    "answers",
    [
        (made_run(branch="main"), read_run(branch="develop")),
        (made_run(), read_run(envVars={"B": "007"})),
        (made_run(), read_run(envVars={"A": "", "B": "7"})),
        (made_run(metadata={"a": "1"}), read_run(metadata={})),
        (made_run(guardrails={"maxTurns": 4}), read_run(guardrails={"maxTurns": 5})),
        (made_template({"egressDomains": ["a.example", "b.example"]}, egressDomains=["a.example"]),),
        (made_template({"size": "l"}), changed_template({"name": "Two"}, size="m")),
        (made_template({"description": "One."}), changed_template({"description": None}, description="One.")),
    ],
)
def test_what_is_shown_otherwise_is_told(answers: tuple[Exchange, ...]) -> None:
    assert [name for name in broken(*answers) if name.endswith("-is-as-asked")]


def test_every_rule_on_every_response_is_tried_here() -> None:
    assert {case.rule for case in WRONG} == set(RULES)


def test_what_is_on_the_line_may_be_refused_by_whatever_stands_in_front() -> None:
    page_of_a_gateway = exchange("getRun", 400, content=b"<html>", without=tuple(RATE_HEADERS), on_the_line=True)
    assert broken(page_of_a_gateway) == {}
    assert broken(exchange("getRun", 400, content=b"<html>", without=tuple(RATE_HEADERS))) != {}
    assert "no-server-error" in broken(problem("getRun", ProblemCode.INTERNAL_ERROR, on_the_line=True))


def test_a_secret_that_was_known_from_the_start_is_missed_nowhere() -> None:
    seen = Seen(document(), PlainRequests(document()), secrets={"csk_live_of_somebody"})
    shown = problem("getRun", ProblemCode.NOT_FOUND, {"detail": "the key csk_live_of_somebody may not"})
    found = [rule.id for rule, breaks in check_response(shown, seen) if breaks]
    assert found == [RULES["no-secret"].id]
