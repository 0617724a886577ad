"""The suite's fixtures, and the hooks that hand pytest over to the harness."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from contract_tests.harness import plugin
from contract_tests.harness.audience import Audience
from contract_tests.harness.budget import Budget
from contract_tests.harness.document import Document
from contract_tests.harness.own_runs import OwnRuns
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.sink import Sink, open_sink
from contract_tests.harness.template_lives import TemplateLives
from contract_tests.harness.webhook_shelf import Shelf
from contract_tests.harness.windows import WindowLog
from contract_tests.harness.world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    plugin.refuse_unknown_options(parser)
    ids: dict[str, Any] = {"type": lambda text: tuple(filter(None, text.split(","))), "default": (), "metavar": "ID,ID"}
    parser.addoption("--rules", help="look at these rules only", **ids)
    parser.addoption("--stop-at", help="stop when one of these rules is broken", **ids)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(rule): the promise that the test checks")
    plugin.quieten(config)
    plugin.spread(config)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    return (yield from plugin.run(config))


def pytest_sessionstart(session: pytest.Session) -> None:
    plugin.start(session)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> bool | None:
    return plugin.collect(session)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    plugin.collected(config, items)


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        plugin.deselected(items[0].config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    collect_report = yield
    plugin.loaded(collector.config, collect_report)
    return collect_report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from plugin.set_up(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from plugin.call(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from plugin.tear_down(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    test_report = yield
    plugin.retell(item, call, test_report)
    return test_report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    plugin.finish(session, exitstatus)


def pytest_terminal_summary(config: pytest.Config) -> None:
    plugin.conclude(config)


@pytest.fixture(scope="session")
def session(pytestconfig: pytest.Config) -> Session:
    return pytestconfig.stash[plugin.SESSION]


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    return pytestconfig.stash[plugin.SETTINGS]


@pytest.fixture(scope="session")
def document(session: Session) -> Document:
    return session.document


@pytest.fixture(scope="session", autouse=True)
def windows(world: World, request: pytest.FixtureRequest) -> WindowLog:
    wanted = any("empty" in getattr(item, "fixturenames", ()) for item in request.session.items)
    windows = WindowLog(world, wanted=wanted)
    if wanted and world.session.board is not None:
        windows.await_room()
    return windows


@pytest.fixture(scope="session")
def world(session: Session, settings: Settings, request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(session)
    budget = Budget(world, settings.plan.requests, settings.profile)
    if settings.plan.is_brief:
        session.gates.insert(0, budget.let_pass)  # before what is to be made is written down
    yield world
    if settings.plan.is_brief:
        session.gates.remove(budget.let_pass)
    plugin.leave(request.session, world)


@pytest.fixture(scope="session")
def template_lives(session: Session, world: World, settings: Settings) -> TemplateLives:
    return TemplateLives(session, world, is_brief=settings.plan.is_brief)


@pytest.fixture(scope="session")
def sink(world: World, settings: Settings) -> Iterator[Sink]:
    with open_sink(world, settings) as sink:
        yield sink


@pytest.fixture(scope="session")
def shelf(session: Session, world: World, sink: Sink) -> Shelf:
    return Shelf(session, world, sink)


@pytest.fixture(scope="session")
def audience(session: Session, world: World, sink: Sink, shelf: Shelf) -> Audience:
    return Audience(session, world, sink, shelf)


@pytest.fixture(scope="session")
def own_runs(
    session: Session, world: World, settings: Settings, template_lives: TemplateLives, audience: Audience
) -> OwnRuns:
    is_brief = settings.plan.is_brief
    return OwnRuns(session, world, settings.provocations, template_lives, audience, is_brief=is_brief)
