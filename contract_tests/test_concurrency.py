"""How many runs of an organization may be active at a time, and what happens to one too many."""

from __future__ import annotations

import pytest

from contract_tests.harness.crowd import AT_ONCE, Attempt, Crowd
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import answered, members, shown
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.world import World
from generated.contract import CONCURRENT_RUNS, Header, ProblemCode

TOO_SOON = "because runs end too soon to fill the places"


@pytest.fixture(name="crowd", scope="session")
def _crowd(session: Session, world: World) -> Crowd:
    return Crowd(session, world)


def passes(attempts: list[Attempt]) -> None:
    """Hold the current rule to creates that are accepted while places are free, others being at work or not."""
    last = attempts[-1]
    answer = answered(last.exchange)
    seen = f"{max(last.before, last.after or 0)} runs are active, but another is answered {answer}"
    require(not all(attempt.refused_in_vain for attempt in attempts), seen, last.exchange)
    if not last.exchange.succeeded:
        reason = "others took the places" if last.is_refused else f"a create is answered {answer}"
        not_checked(f"because {reason}")


def in_an_empty_window(exchange: Exchange) -> bool:
    """Whether it was refused by the rate limit, and rightly: no request remained."""
    remaining = exchange.response.headers.get(Header.RATE_LIMIT_REMAINING.lower(), "0")
    return exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED and remaining.strip() in ("0", "")


@rule("concurrency/never-more-than-ten", source="overview")
def test_never_more_than_ten_are_active(crowd: Crowd) -> None:
    """Of twelve creates that come at once only so many are accepted that ten runs are active, not one more."""
    burst = crowd.burst()
    active = len(burst.after.active)
    accepted = [answer for answer in burst.answers if answer.succeeded]
    seen = f"of {AT_ONCE} creates at once {len(accepted)} are accepted, and {active} runs are active"
    require(active <= CONCURRENT_RUNS, seen, burst.after.exchange)
    if len(accepted) > CONCURRENT_RUNS:
        not_checked(TOO_SOON)


@rule("concurrency/each-create-makes-a-run", source="reference")
def test_each_create_makes_a_run(crowd: Crowd) -> None:
    """Every create that is accepted makes a run of its own, also when it asks for the same as another."""
    answers = [answer for answer in crowd.burst().answers if answer.succeeded]
    made = [str(members(answer.json).get("id")) for answer in answers]
    twice = sorted({name for name in made if made.count(name) > 1})
    require(not twice, f"two creates are answered with the same run {', '.join(twice)}", crowd.burst().after.exchange)


@rule("concurrency/ten-may-be-active", source="overview")
def test_ten_may_be_active(crowd: Crowd) -> None:
    """While fewer than ten runs of the organization are pending or running, a create is not refused for that."""
    refill = crowd.refill()
    passes(refill.freed)
    for attempts in refill.filling:
        passes(attempts)
    if not any(attempt.is_refused for attempt in refill.full):
        not_checked(TOO_SOON)


@rule("concurrency/eleventh-is-refused", source="overview")
def test_the_eleventh_is_refused(crowd: Crowd) -> None:
    """While ten runs of the organization are pending or running, asked to stop or not, a further create is refused."""
    refill = crowd.refill()
    for attempt in [*([refill.hasty] if refill.hasty else []), *refill.full]:
        require(not attempt.exceeded, f"a create is accepted, and {attempt.after} runs are active", attempt.exchange)
    if attempt.exchange.succeeded:
        not_checked(TOO_SOON)


@rule("concurrency/counts-for-the-organization", source="overview")
def test_the_places_are_the_organizations(crowd: Crowd) -> None:
    """The ten places are the organization's: another of its keys is refused as well."""
    attempt = crowd.refill().second_key
    if attempt is None:
        not_checked("because COSPEC_API_KEY_SECOND is not set")
    seen = f"another key's create is accepted, and {attempt.after} runs are active"
    require(not attempt.exceeded, seen, attempt.exchange)
    if attempt.exchange.succeeded:
        not_checked(TOO_SOON)


@rule("concurrency/organizations-do-not-share", source="overview")
def test_organizations_do_not_share_the_places(crowd: Crowd) -> None:
    """The ten runs of one organization take no place from another."""
    attempt = crowd.refill().other_organization
    if attempt is None:
        not_checked("because COSPEC_API_KEY_OTHER_ORG is not set, or no system template is listed")
    passes([attempt])


@rule("concurrency/refusal-has-its-code", source="overview")
def test_the_refusal_has_its_code(crowd: Crowd) -> None:
    """A create that is one too many is answered 429 CONCURRENT_RUN_LIMIT_EXCEEDED, not as one request too many."""
    refill = crowd.refill()
    attempts = [*refill.full, *([refill.second_key] if refill.second_key else [])]
    answers: list[Exchange] = [*crowd.burst().answers, *(attempt.exchange for attempt in attempts)]
    refusals = [answer for answer in answers if 400 <= answer.status < 500 and not in_an_empty_window(answer)]
    if not refusals:
        not_checked("because no create was refused")
    for answer in refusals:
        right = answer.status == 429 and answer.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED
        require(right, f"one run too many is answered {answered(answer)}", answer)


@rule("concurrency/cancelled-frees-its-place", source="overview")
def test_a_cancelled_run_frees_its_place(crowd: Crowd) -> None:
    """When one of ten active runs has ended cancelled, the next create is accepted."""
    refill = crowd.refill()
    if len(crowd.burst().after.active) < CONCURRENT_RUNS:
        not_checked("because the places were not filled")
    passes(refill.freed)


@rule("concurrency/ended-frees-its-place", source="overview")
def test_an_ended_run_frees_its_place(crowd: Crowd) -> None:
    """When one of ten active runs has come to its end by itself, the next create is accepted."""
    passes(crowd.after_an_end())


@rule("concurrency/active-count-agrees", source="reference")
def test_the_active_count_agrees(crowd: Crowd) -> None:
    """meta.activeCount of listRuns counts all active runs, up to the ten that may be."""
    for snapshot in crowd.refill().snapshots:
        seen = f"{len(snapshot.active)} runs are pending or running, activeCount is {shown(snapshot.active_count)}"
        require(snapshot.active_count == len(snapshot.active), seen, snapshot.exchange)


@rule("concurrency/comes-last", source="assumed")
def test_the_limit_comes_last(crowd: Crowd) -> None:
    """While ten runs are active, a create that breaks its schema is still refused for that, with 400."""
    answer = crowd.refill().invalid
    seen = f"a create without a prompt is answered {answered(answer)}"
    require(answer.status == 400 and answer.code == ProblemCode.VALIDATION_FAILED, seen, answer)


@rule("concurrency/refused-creates-nothing", source="overview")
def test_what_is_refused_creates_nothing(crowd: Crowd) -> None:
    """A create that is refused because ten runs are active creates no run, then or later."""
    crowd.refill()
    exchange, strange = crowd.made()
    seen = f"{len(strange)} runs of refused creates are in the list"
    require(not strange, seen, exchange)
