"""What the rate windows have shown is kept, and an all but empty window is looked into once."""

from __future__ import annotations

import pytest

from contract_tests.harness.session import Session
from contract_tests.harness.windows import ALMOST_EMPTY, BEYOND, WindowLog, reading
from contract_tests.harness.world import World
from generated.contract import OPERATIONS, RATE_LIMIT_REQUESTS, Header, ProblemCode
from tests.contract_tests.exchanges import RATE_HEADERS, problem, success

ASKED = "getCurrentApiKey"
LIMIT, REMAINING, RESET = RATE_HEADERS


@pytest.mark.parametrize("name", list(RATE_HEADERS))
@pytest.mark.parametrize("text", [None, "", "many", "1.5"])
def test_headers_that_are_no_numbers_are_no_reading(name: str, text: str | None) -> None:
    exchange = success(ASKED, without=(name,)) if text is None else success(ASKED, headers={name: text})
    assert reading(exchange) is None


def test_a_reading_tells_the_window_and_whose_it_is() -> None:
    found = reading(problem(ASKED, ProblemCode.RATE_LIMIT_EXCEEDED, headers={REMAINING: "0"}, authorization="Bearer x"))
    assert found is not None
    assert (found.limit, found.remaining, found.key, found.refused) == (RATE_LIMIT_REQUESTS, 0, "Bearer x", True)
    other = reading(problem("createRun", ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED))
    assert other is not None
    assert not other.refused


@pytest.fixture(name="log")
def _log(session: Session) -> WindowLog:
    return WindowLog(World(session))


def test_every_reading_is_kept_under_its_key(log: WindowLog, session: Session) -> None:
    second = session.target.key_second
    assert second is not None
    for key in (None, second, None, None, second):
        session.call(ASKED, key=key)
    assert [found.remaining for found in log.of(session.target.key)] == [199, 198, 197]
    assert [found.remaining for found in log.of(second)] == [199, 198]
    assert [(one.remaining, two.remaining) for one, two in log.pairs(session.target.key)] == [(199, 198), (198, 197)]


def test_what_was_sent_at_once_is_no_pair(log: WindowLog, session: Session) -> None:
    session.send_together([session.build(ASKED)] * 4)
    assert len(log.of(session.target.key)) == 4
    assert all(two.exchange.answered >= one.exchange.number for one, two in log.pairs(session.target.key))


def test_another_key_between_two_requests_shows_that_windows_are_apart(log: WindowLog, session: Session) -> None:
    main, second, other = session.target.key, session.target.key_second, session.target.key_other_org
    session.call(ASKED)
    assert not log.saw_apart(main, second)
    session.call(ASKED, key=second)
    assert not log.saw_apart(main, second)
    session.call(ASKED)
    assert log.saw_apart(main, second)
    assert not log.saw_apart(main, other)
    assert not log.saw_apart(main, None)
    session.call(ASKED, key="csk_live_revoked_by_somebody")
    session.call(ASKED)
    assert log.saw_apart(main, None)


def _use_up(session: Session, left: int) -> None:
    """Use a window but for so many requests."""
    while session.remaining() != left:
        session.call(ASKED)


def test_an_all_but_empty_window_is_looked_into_once(log: WindowLog, session: Session) -> None:
    log.world.repositories()
    template = log.world.template()["slug"]
    _use_up(session, ALMOST_EMPTY + 1)
    assert log.empty is None
    session.file = "test_somewhere.py"
    session.call(ASKED)
    session.call(ASKED)
    assert session.file == "test_somewhere.py"
    assert session.results.requests_by_file["test_rate_limit.py"] > BEYOND

    empty = log.empty
    assert empty is not None
    assert empty.left == ALMOST_EMPTY
    assert sorted(exchange.status for exchange in empty.together) == [200] * ALMOST_EMPTY + [429] * BEYOND
    asked = set(empty.plain) | {words.split()[0] for words in empty.faulty}
    assert asked - {"a"} == set(OPERATIONS)
    assert "a path that the API lacks" in empty.faulty
    assert len(empty.refused) == len(empty.plain) + len(empty.faulty)
    assert empty.keyless.status == 401
    assert not empty.disturbed
    assert [exchange.status for exchange in empty.reopened] == [200]
    slugs = {str(item["slug"]) for item in session.call("listTemplates", query={"limit": 100}).json["data"]}
    assert template in slugs
    assert empty.names["createTemplate"] not in slugs
    assert session.results.unplanned_429s == 0

    _use_up(session, ALMOST_EMPTY)
    session.call(ASKED)
    assert log.empty is empty
    log.world.clean()


def test_nobody_looks_into_a_window_that_nobody_wants_to_know_of(session: Session) -> None:
    log = WindowLog(World(session), wanted=False)
    _use_up(session, 0)
    session.call(ASKED)
    assert log.empty is None
    assert session.results.unplanned_429s == 0
    assert not [found for found in log.readings if found.exchange.response.headers.get(Header.RETRY_AFTER.lower())]
