"""The rate limit: a window of requests for each key, what the headers say of it, and what happens when it is empty.

Most rules look at what all the other tests have seen; only the empty window is looked into (`harness/windows.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import answered, items
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import SKEW_SECONDS, Session
from contract_tests.harness.settings import PREFIX
from contract_tests.harness.windows import ALMOST_EMPTY, EmptyWindow, Reading, WindowLog
from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS, Header, ProblemCode

ENOUGH_PAIRS = 8
"""How many readings that follow one another show how a window counts."""
ENOUGH_STEPS = 4
"""How many long steps of one operation are no accident where others use the key."""
TRIES = 3
STALLS_ENDURED = 3
"""How often Remaining may not go down while a window is used up: it goes up where the next one begins."""
AGREE_SECONDS = 2
"""How far Retry-After and the reset may be apart."""


@pytest.fixture(name="moment", params=["early", "late"])
def _moment() -> None:
    """What shows in every response is looked at soon, for that costs nothing, and once more when all were seen."""


@pytest.fixture(name="tolerance")
def _tolerance(session: Session) -> float:
    """How far the target's clock may be from what is known of it, in seconds."""
    return 1.0 if session.target.moves_its_clock else SKEW_SECONDS


@pytest.fixture(name="counted")
def _counted(session: Session, windows: WindowLog) -> Callable[[], list[tuple[Reading, Reading]]]:
    """Readings of the main key that follow one another in one window, at least ENOUGH_PAIRS."""

    def gather() -> list[tuple[Reading, Reading]]:
        while len(windows.pairs(session.target.key)) < ENOUGH_PAIRS:
            before = len(windows.readings)
            session.call("getCurrentApiKey")
            if len(windows.readings) == before:
                not_checked("because the rate headers cannot be read")
        pairs = windows.pairs(session.target.key)
        return [(one, other) for one, other in pairs if one.reset == other.reset and not one.refused]

    return gather


@pytest.fixture(name="empty")
def _empty(session: Session, windows: WindowLog, counted: Callable[[], object]) -> Callable[[], EmptyWindow]:
    """The window that was emptied, emptied now if no test came near it."""

    def look() -> EmptyWindow:
        counted()
        if windows.empty is None and not windows.emptied_in_vain:
            _use_up(session, windows)
        if windows.empty is None:
            windows.emptied_in_vain = True
            not_checked("because the window never came to its end: Remaining does not count down to it")
        return windows.empty

    return look


def _use_up(session: Session, windows: WindowLog) -> None:
    """Use up the main key's window, unless it does not come to its end as its headers say."""
    refused, stalled = session.results.unplanned_429s, 0
    for _ in range(RATE_LIMIT_REQUESTS + 2 * ALMOST_EMPTY):
        left = session.remaining()
        session.call("getCurrentApiKey")
        after = session.remaining()
        if windows.empty is not None or session.results.unplanned_429s > refused:
            return
        stalled += left is None or after is None or after >= left
        if stalled > STALLS_ENDURED:
            return


@pytest.mark.usefixtures("moment")
@rule("rate-limit/limit-and-reset-stand-still", source="overview")
def test_limit_and_reset_stand_still(
    session: Session, windows: WindowLog, counted: Callable[[], object], tolerance: float
) -> None:
    """Until the window ends, X-RateLimit-Limit and X-RateLimit-Reset stay what they are."""
    counted()
    for one, other in windows.pairs(session.target.key):
        require(one.limit == other.limit, f"the limit went from {one.limit} to {other.limit}", other.exchange)
        early = other.reset != one.reset and other.exchange.received_at < one.reset - tolerance
        left = one.reset - other.exchange.received_at
        seen = f"the reset went from {one.reset} to {other.reset} although the window had {left:.0f} seconds to go"
        require(not early, seen, other.exchange)


@pytest.mark.usefixtures("moment")
@rule("rate-limit/reset-lies-ahead", source="overview")
def test_reset_lies_ahead(windows: WindowLog, counted: Callable[[], object], tolerance: float) -> None:
    """X-RateLimit-Reset lies ahead of now by at most the length of a window, with every key and without one."""
    counted()
    for found in windows.readings:
        most, least = found.reset - found.exchange.sent_at, found.reset - found.exchange.received_at
        seen = f"the reset lies {least:.0f} seconds ahead; a window has {RATE_LIMIT_WINDOW_SECONDS}"
        fits = -tolerance <= most and least <= RATE_LIMIT_WINDOW_SECONDS + tolerance
        require(fits, seen, found.exchange)


@pytest.mark.usefixtures("moment")
@rule("rate-limit/remaining-counts-down", source="overview")
def test_remaining_counts_down(counted: Callable[[], list[tuple[Reading, Reading]]]) -> None:
    """Within a window X-RateLimit-Remaining goes down with every request, whatever it is answered."""
    for one, other in counted():
        seen = f"Remaining went from {one.remaining} to {other.remaining}"
        require(other.remaining < one.remaining or one.remaining == 0, seen, other.exchange)


@pytest.mark.usefixtures("moment")
@rule("rate-limit/a-request-counts-once", source="overview")
def test_a_request_counts_once(counted: Callable[[], list[tuple[Reading, Reading]]]) -> None:
    """Every request counts as one, of whatever operation: all of them share one window."""
    steps: dict[str, Counter[int]] = {}
    examples: dict[str, Exchange] = {}
    for one, other in counted():
        operation_id = other.exchange.request.operation_id or "what is no operation"
        step = one.remaining - other.remaining
        steps.setdefault(operation_id, Counter())[step] += 1
        if step > 1:
            examples.setdefault(operation_id, other.exchange)
    long = {name for name, counter in steps.items() if len(counter) == 1 and 1 not in counter}
    rest = sum((counter for name, counter in steps.items() if name not in long), Counter())
    # Others who use the key make single steps longer, but hardly ever all steps of one operation by the same.
    enough = 2 if rest.total() == rest[1] else ENOUGH_STEPS
    for operation_id in long if rest[1] >= 0.8 * rest.total() else ():
        ((step, often),) = steps[operation_id].items()
        seen = f"each of {often} requests of {operation_id} took {step} from Remaining"
        require(often < enough, seen, examples.get(operation_id))


@pytest.mark.usefixtures("moment")
@rule("rate-limit/none-refused-while-some-remain", source="overview")
def test_none_is_refused_while_some_remain(session: Session, windows: WindowLog, counted: Callable[[], object]) -> None:
    """While X-RateLimit-Remaining was above 0, no request is answered RATE_LIMIT_EXCEEDED."""
    counted()
    if _others_at_work(windows, session):
        not_checked("because others use the same key")
    for one, other in windows.pairs(session.target.key):
        same_window = one.reset == other.reset or other.exchange.received_at < one.reset
        early = other.refused and not one.refused and one.remaining > ALMOST_EMPTY and same_window
        require(not early, f"refused although {one.remaining} requests remained", other.exchange)


def _others_at_work(windows: WindowLog, session: Session) -> bool:
    """Whether somebody else uses the main key too: its windows lose more than its own requests."""
    by_reset: dict[int, list[Reading]] = {}
    for found in windows.of(session.target.key):
        if not found.refused:
            by_reset.setdefault(found.reset, []).append(found)
    return any(
        max(one.remaining for one in readings) - min(one.remaining for one in readings) > len(readings) - 1
        for readings in by_reset.values()
    )


@rule("rate-limit/exactly-the-remaining-pass", source="overview")
def test_exactly_the_remaining_pass(empty: Callable[[], EmptyWindow], session: Session, windows: WindowLog) -> None:
    """As many requests pass as remain in the window, not one more and not one fewer, also when they come at once."""
    found = empty()
    passed = [exchange for exchange in found.together if exchange.code != ProblemCode.RATE_LIMIT_EXCEEDED]
    seen = f"{found.left} requests remained; of {len(found.together)} sent at once {len(passed)} passed"
    if len(passed) < found.left and _others_at_work(windows, session):
        not_checked("because others use the same key")
    require(len(passed) == found.left, seen, found.together[-1])


@rule("rate-limit/readings-differ-when-sent-at-once", source="overview")
def test_readings_differ_when_sent_at_once(empty: Callable[[], EmptyWindow], session: Session) -> None:
    """Requests that come at once each take one from Remaining: no two that pass see the same number."""
    del session
    passed = [e for e in empty().together if e.code != ProblemCode.RATE_LIMIT_EXCEEDED]
    counts = Counter(exchange.response.headers.get(Header.RATE_LIMIT_REMAINING.lower()) for exchange in passed)
    twice = [value for value, count in counts.items() if count > 1]
    require(not twice, f"requests at once saw Remaining {', '.join(map(str, twice))} more than once", passed[-1])


@rule("rate-limit/all-refused-in-an-empty-window", source="overview")
def test_all_are_refused_in_an_empty_window(empty: Callable[[], EmptyWindow]) -> None:
    """Once no request remains, the next one in the same window is answered 429 RATE_LIMIT_EXCEEDED."""
    for operation_id, exchange in empty().plain.items():
        right = exchange.status == 429 and exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED
        require(right, f"in an empty window {operation_id} is answered {answered(exchange)}", exchange)


@rule("rate-limit/refused-before-looked-at", source="assumed")
def test_an_empty_window_comes_before_all_but_the_key(empty: Callable[[], EmptyWindow]) -> None:
    """In an empty window 429 comes before 404 and 400, and 401 before 429."""
    found = empty()
    for words, exchange in found.faulty.items():
        require(exchange.status == 429, f"in an empty window {words} is answered {answered(exchange)}", exchange)
    seen = f"in an empty window a request without a key is answered {answered(found.keyless)}"
    require(found.keyless.status == 401, seen, found.keyless)


@rule("rate-limit/refused-has-no-effect", source="overview")
def test_what_was_refused_had_no_effect(empty: Callable[[], EmptyWindow], session: Session) -> None:
    """What is refused for the rate limit creates nothing."""
    found = empty()
    if not found.names.keys() & found.plain.keys():
        session.demand("createTemplate")
    refused = {operation_id for operation_id, exchange in found.plain.items() if exchange.status == 429}
    if "createTemplate" in refused:
        exchange = session.call("getTemplate", path={"idOrSlug": found.names["createTemplate"]})
        require(not exchange.succeeded, "the create of a template was refused, but the template is there", exchange)
    if "createRun" in refused:
        word = found.names["createRun"]
        exchange = session.call("listRuns", query={"search": word})
        made = [run for run in items(exchange) if word in str(run.get("prompt"))]
        require(not made, "the create of a run was refused, but the run is there", exchange)


@rule("rate-limit/retry-after-agrees-with-reset", source="overview")
def test_retry_after_agrees_with_reset(empty: Callable[[], EmptyWindow], tolerance: float) -> None:
    """The Retry-After of a refusal for the rate limit leads to the window's reset, within two seconds."""
    for exchange in empty().refused:
        retry = exchange.response.headers.get(Header.RETRY_AFTER.lower(), "")
        reset = exchange.response.headers.get(Header.RATE_LIMIT_RESET.lower(), "")
        if retry.isdigit() and reset.isdigit():
            least, most = int(reset) - exchange.received_at, int(reset) - exchange.sent_at
            seen = f"Retry-After says {retry} seconds, the reset lies {least:.1f} seconds ahead"
            slack = AGREE_SECONDS + tolerance
            require(least - slack <= int(retry) <= most + slack, seen, exchange)


@rule("rate-limit/window-opens-when-promised", source="overview")
def test_a_window_opens_when_promised(empty: Callable[[], EmptyWindow], windows: WindowLog, session: Session) -> None:
    """After Retry-After is waited out, requests pass again, and Remaining starts anew."""
    sent = empty().reopened
    require(sent[-1].status != 429, f"still refused {len(sent)} seconds after Retry-After has passed", sent[-1])
    text = sent[-1].response.headers.get(Header.RATE_LIMIT_REMAINING.lower(), "")
    if _others_at_work(windows, session):
        return
    anew = str(RATE_LIMIT_REQUESTS - 1)
    require(
        text == anew, f"in the new window {text or 'nothing'} remains after the first request, not {anew}", sent[-1]
    )


def _steps(session: Session, windows: WindowLog, key: str, between: Callable[[], object]) -> list[int]:
    """By how much a key's Remaining goes down from one request to the next when something is sent between them."""
    steps = []
    for _ in range(TRIES):
        session.ensure(2, f"Bearer {key}")
        session.call("getCurrentApiKey", key=key)
        first = windows.of(key)[-1:]
        between()
        session.call("getCurrentApiKey", key=key)
        second = windows.of(key)[-1:]
        same = first and second and first[0].reset == second[0].reset
        if same and first[0].exchange.lost == second[0].exchange.lost:
            steps.append(first[0].remaining - second[0].remaining)
            if steps[-1] == 1:
                break
    if not steps:
        not_checked("because the rate headers cannot be read")
    return steps


@pytest.mark.parametrize("setting", ["key_other_org", "key_second"])
@rule("rate-limit/keys-do-not-share-a-window", source="overview")
def test_keys_do_not_share_a_window(setting: str, session: Session, windows: WindowLog) -> None:
    """Each key has a window of its own: what one key sends takes nothing from another, of its organization or not."""
    key = getattr(session.target, setting)
    if key is None:
        not_checked(f"because {PREFIX}API_{setting.upper()} is not set")
    if windows.saw_apart(key, session.target.key) or windows.saw_apart(session.target.key, key):
        return
    steps = _steps(session, windows, key, lambda: [session.call("getCurrentApiKey") for _ in range(2)])
    require(1 in steps, "a key's Remaining goes down when another key sends", windows.of(key)[-1].exchange)


@rule("rate-limit/invalid-keys-do-not-count", source="assumed")
def test_invalid_keys_do_not_count(session: Session, windows: WindowLog) -> None:
    """A request without a valid key takes nothing from a valid key's window."""
    if windows.saw_apart(session.target.key, None):
        return
    ask = session.build("getCurrentApiKey")

    def unauthorized() -> None:
        for authorization in (None, "Bearer csk_live_unknown0000000000000000000000"):
            session.send(replace(ask, authorization=authorization))

    steps = _steps(session, windows, session.target.key, unauthorized)
    seen = "requests without a valid key take from a valid key's Remaining"
    require(1 in steps, seen, windows.of(session.target.key)[-1].exchange)
