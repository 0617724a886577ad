"""Does a further key get only what may go to it, and is no evidence gathered twice?"""

from __future__ import annotations

import re

import pytest

from contract_tests.harness.order import name_of
from contract_tests.harness.plugin import SUITE
from contract_tests.harness.shares import EVERYWHERE, MAIN, SHARES, holders_of, share_of, workers_of

COUNTS = (1, 2, 3, 4, 7)
SHARED_BY_ALL = {"session", "world", "settings", "document", "trials", "windows"}
"""The fixtures of every worker that are no evidence."""
OF_THE_MAIN_KEY = {"own_runs", "template_lives", "use", "crowd", "shelf", "tenants", "lacking", "deliveries"}
"""Evidence that needs the main key or the other keys, or works at a limit of the whole organization."""
Tests = dict[str, frozenset[str]]


class Collected:
    """Notes the tests and the evidence that each looks at."""

    def __init__(self) -> None:
        self.tests: Tests = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            manager = session._fixturemanager
            lasting = {
                name
                for name in getattr(item, "fixturenames", ())
                if any(one.scope == "session" for one in manager.getfixturedefs(name, item) or ())
            }
            own = lasting - SHARED_BY_ALL - {"pytestconfig", "request", "tmp_path_factory", "worker_id"}
            self.tests[item.nodeid] = frozenset(own)


@pytest.fixture(name="tests", scope="module")
def _tests() -> Tests:
    noted = Collected()
    assert pytest.main(["--collect-only", "-q", str(SUITE), "-pno:cacheprovider"], plugins=[noted]) == 0
    return noted.tests


@pytest.mark.parametrize("count", COUNTS)
def test_every_test_is_run_by_one_worker_but_for_those_of_all(tests: Tests, count: int) -> None:
    for name, workers in zip(tests, workers_of(list(tests), count), strict=True):
        everywhere = re.match(EVERYWHERE, name_of(name)) is not None
        assert workers == (frozenset(range(count)) if everywhere else workers)
        assert everywhere or len(workers) == 1


@pytest.mark.parametrize("count", COUNTS)
def test_no_evidence_is_gathered_by_two_workers(tests: Tests, count: int) -> None:
    holders: dict[str, frozenset[int]] = {}
    for (name, evidence), workers in zip(tests.items(), workers_of(list(tests), count), strict=True):
        for one in evidence if not re.match(EVERYWHERE, name_of(name)) else ():
            if one not in ("read", "reader"):  # each list is read by itself
                assert holders.setdefault(one, workers) == workers, name
    assert holders.keys() >= OF_THE_MAIN_KEY
    assert {holder for one in OF_THE_MAIN_KEY for holder in holders[one]} == {MAIN}


def test_one_list_is_read_by_one_worker(tests: Tests) -> None:
    held: dict[str, set[frozenset[int]]] = {}
    for name, workers in zip(tests, workers_of(list(tests), 4), strict=True):
        if "test_pagination" in name:
            held.setdefault(name.partition("[")[2], set()).add(workers)
    assert held
    assert all(len(workers) == 1 for workers in held.values())


def test_every_share_has_a_test(tests: Tests) -> None:
    assert {share_of(name_of(name)) for name in tests} == {None, *range(len(SHARES))}


def test_with_one_key_all_is_its_own(tests: Tests) -> None:
    assert set(workers_of(list(tests), 1)) == {frozenset({MAIN})}


def test_what_takes_longest_goes_to_workers_of_their_own_when_there_are_enough() -> None:
    holders = holders_of(len(SHARES) + 1)
    assert len({MAIN, *holders}) == len(SHARES) + 1
