"""Is nothing lost, counted twice or given away when the findings of several workers become one?"""

from __future__ import annotations

from dataclasses import fields, replace

from contract_tests.harness.exchange import Request
from contract_tests.harness.merging import Findings, merge, pack, unpack
from contract_tests.harness.report_data import make_verdict
from contract_tests.harness.results import Pause, Results, Seen
from contract_tests.harness.rules import Break, Rule
from generated.contract import OPERATIONS, Header, ProblemCode
from tests.contract_tests.exchanges import KEY, problem, success

MUST = Rule("merging/must", "overview", "It must hold.")
OTHER = Rule("merging/other", "overview", "It must hold too.")
SECRET = "whsec_bm90LXRvLWJlLXNob3du"


def curl(request: Request) -> str:
    return f"curl {request.path}"


def findings(number: int) -> Results:
    """Results in which every member has something to say."""
    results = Results()
    results.see(success("listRuns"))
    results.see(problem("createRun", ProblemCode.VALIDATION_FAILED))
    results.held(MUST)
    results.broke(Break(OTHER, f"seen {number}", success("listRuns"), number))
    results.was_not_checked(MUST, f"because of {number}")
    results.requests, results.unplanned_429s, results.tests_concluded = 10 * number, number, 2 * number
    results.requests_by_file.update({"test_runs.py": number, f"test_{number}.py": 1})
    results.suite_errors.append(f"error {number}")
    results.unverified["the line broke"] = [f"rule {number}"]
    results.hindrances[f"because {number}"] = "a test"
    results.withhold(f"because {number} may not", ["createRun"])
    results.pauses.append(Pause(number, 200, 1.5))
    results.interrupted = number == 2
    return results


def handed_over(results: Results) -> Results:
    return unpack(pack(Findings(results), curl)).results


def test_findings_are_handed_over_as_they_are() -> None:
    results, found = findings(2), handed_over(findings(2))
    for member in fields(Results):
        if member.name != "rules":
            assert getattr(found, member.name) == getattr(results, member.name), member.name
    assert (found.of(MUST).held, found.of(MUST).reasons) == (1, ["because of 2"])
    (broken,) = found.failures
    (before,) = results.failures
    assert broken.exchange is not None
    assert before.exchange is not None
    assert replace(broken, exchange=None) == replace(before, exchange=None)
    assert broken.operation_id == "listRuns"
    assert broken.exchange.summary() == before.exchange.summary()
    assert broken.exchange.request.as_curl("", {}) == curl(before.exchange.request)


def test_what_several_have_found_is_added_up() -> None:
    total = Results()
    for number in (1, 2):
        merge(total, handed_over(findings(number)))
    assert (total.requests, total.unplanned_429s, total.tests_concluded) == (30, 3, 6)
    assert total.requests_by_file == {"test_runs.py": 3, "test_1.py": 1, "test_2.py": 1}
    assert total.seen["listRuns", 200, None].count == 2
    assert (total.of(MUST).held, total.of(MUST).reasons) == (2, ["because of 1", "because of 2"])
    assert [found.seen for found in total.failures] == ["seen 1", "seen 2"]
    assert total.suite_errors == ["error 1", "error 2"]
    assert total.unverified == {"the line broke": ["rule 1", "rule 2"]}
    assert list(total.hindrances) == ["because 1", "because 2"]
    assert total.withheld == ["because 1 may not", "because 2 may not"]
    assert total.beyond_permission == {"createRun"}
    assert [pause.used for pause in total.pauses] == [1, 2]
    assert total.interrupted


def test_a_header_counts_as_seen_only_where_all_have_seen_it() -> None:
    total, one = Results(), Results()
    total.seen["getUsage", 200, None] = Seen(1, {Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_RESET})
    one.seen["getUsage", 200, None] = Seen(1, {Header.RATE_LIMIT_LIMIT})
    merge(total, one)
    assert total.seen["getUsage", 200, None].headers == {Header.RATE_LIMIT_LIMIT}


def test_an_operation_that_one_worker_saw_succeed_has_succeeded() -> None:
    total = Results()
    for share in (list(OPERATIONS)[::2], list(OPERATIONS)[1::2]):
        one = Results()
        for operation_id in share:
            one.seen[operation_id, 200, None] = Seen(1)
        assert make_verdict(one).exit_status == 2
        merge(total, one)
    assert make_verdict(total).exit_status == 0


def test_a_promise_that_only_one_worker_saw_broken_is_broken() -> None:
    total, one, other = Results(), Results(), Results()
    one.held(MUST)
    other.broke(Break(MUST, "seen"))
    for found in (one, other):
        merge(total, handed_over(found))
    assert total.of(MUST).outcome == "broken"
    assert make_verdict(total).exit_status == 1


def test_the_same_thing_seen_often_is_counted_and_shown_once() -> None:
    results = Results()
    for _ in range(1000):
        results.broke(Break(MUST, "the same", success("listRuns")))
    text = pack(Findings(results), curl)
    found = unpack(text).results.failures
    assert len(found) == 1000
    assert {one.operation_id for one in found} == {"listRuns"}


def test_no_key_and_no_secret_leaves_a_worker() -> None:
    results = Results()
    asked = replace(success("createWebhook"), request=Request("POST", f"/{KEY}", authorization=f"Bearer {KEY}"))
    results.broke(Break(MUST, f"it shows {KEY} and {SECRET}", asked))
    results.suite_errors.append(f"{KEY} {SECRET}")
    text = pack(Findings(results, told=[KEY]), curl)
    assert KEY not in text
    assert SECRET not in text
    assert "it shows csk_live_…exch and whsec_…" in unpack(text).results.failures[0].seen
