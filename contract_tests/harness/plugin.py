"""How pytest runs the rules: what a test's end means for its rule, and what the run's end means for the server.

Exit status: 0 the server conforms, 1 it does not, 2 nothing could be said.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.harness import report
from contract_tests.harness.document import Document
from contract_tests.harness.results import Results
from contract_tests.harness.rules import Break, Broken, Rule
from contract_tests.harness.session import LineError, Session, describe
from contract_tests.harness.settings import Settings, SettingsError, read_settings, unknown_settings
from contract_tests.harness.target import open_target

CONFORMS, DOES_NOT_CONFORM, NOTHING_SAID = 0, 1, 2

SETTINGS = pytest.StashKey[Settings]()
SESSION = pytest.StashKey[Session]()
STOPWATCH = pytest.StashKey[report.Stopwatch]()
SUITE = Path(__file__).parents[1]


class Warned(Exception):
    """Ends a test whose assumption does not hold: neither passed nor failed."""


def start(session: pytest.Session) -> None:
    """Read the settings and speak with the server once. Ends the run with exit status 2 when that fails."""
    config = session.config
    if config.option.collectonly:
        return
    try:
        settings = read_settings()
    except SettingsError as error:
        pytest.exit(str(error), NOTHING_SAID)
    for name in unknown_settings():
        report.write(config, f"{name} is no setting of the suite and is ignored.")
    try:
        target = open_target(settings)
    except (requests.RequestException, ValueError, KeyError):
        pytest.exit(f"COSPEC_CONTROL_URL {settings.control_url} does not answer as a control interface.", NOTHING_SAID)
    line = Session(
        target,
        Document(),
        Results(strict=settings.strict),
        timeout_seconds=settings.timeout_seconds,
        verify=str(settings.ca_bundle) if settings.ca_bundle else True,
    )
    config.stash[SETTINGS], config.stash[SESSION] = settings, line
    config.stash[STOPWATCH] = report.Stopwatch()
    report.heading(config, settings)
    try:
        answer = line.call("getCurrentApiKey")
    except LineError as error:
        cause = error.__cause__
        reason = describe(cause) if isinstance(cause, requests.RequestException) else str(error)
        pytest.exit(f"No answer from {settings.base_url}: {reason}.", NOTHING_SAID)
    if answer.status == 401:
        pytest.exit(
            f"{settings.base_url} refuses the key {report.shown_key(settings.api_key)} with 401 {answer.code or ''}. "
            "Set COSPEC_API_KEY (make test API_KEY=...) to a valid one.",
            NOTHING_SAID,
        )


def collected(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse two rules with one id, and note whether only a part of the suite was chosen."""
    known: dict[str, Rule] = {}
    for item in items:
        found = rule_of(item)
        if found is not None and known.setdefault(found.id, found) != found:
            raise pytest.UsageError(f"two rules have the id {found.id}")
    line = config.stash.get(SESSION, None)
    if line is not None and any(config.rootpath.joinpath(argument).resolve() != SUITE for argument in config.args):
        line.results.partial = True


def deselected(config: pytest.Config) -> None:
    """Note that only a part of the suite was chosen."""
    line = config.stash.get(SESSION, None)
    if line is not None:
        line.results.partial = True


def rule_of(item: pytest.Item) -> Rule | None:
    marker = item.get_closest_marker("rule")
    return marker.args[0] if marker else None


def call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run one test and book what it found: under its own rule, and under the rules on every response."""
    line = item.config.stash[SESSION]
    results = line.results
    line.file = item.path.name
    line.exchanges = []
    own = rule_of(item)
    outcome: BaseException | None = None
    try:
        result = yield
    except BaseException as error:  # noqa: BLE001 - every end of a test means something, an interruption too
        outcome = error
        result = None

    failing = [found for found in _book(line) if results.fails(found)]
    if own is not None:
        if outcome is None:
            results.held(own)
        elif isinstance(outcome, AssertionError):
            exchange = outcome.exchange if isinstance(outcome, Broken) else None
            exchange = exchange or (line.exchanges[-1] if line.exchanges else None)
            broken = Break(own, str(outcome) or "the promise does not hold", exchange)
            results.broke(broken)
            if results.fails(broken):
                failing.append(broken)
            outcome = None if failing else Warned(broken.seen)
        elif isinstance(outcome, pytest.skip.Exception):
            results.was_not_checked(own, str(outcome.msg))
    if failing:
        raise Broken(report.brief(failing), failing[0].exchange) from None
    if isinstance(outcome, Warned):
        pytest.xfail(f"warning: {outcome}")
    if outcome is not None:
        if not isinstance(outcome, (pytest.skip.Exception, KeyboardInterrupt, pytest.exit.Exception)):
            results.suite_errors.append(f"{item.name}: {type(outcome).__name__}: {outcome}")
        raise outcome
    return result


def _book(line: Session) -> list[Break]:
    """Move the breaks that the session has found into the results."""
    found, line.breaks = line.breaks, []
    for item in found:
        line.results.broke(item)
    return found


def finish(session: pytest.Session, exit_status: int) -> None:
    """Turn what was found into the exit status of the run."""
    line = session.config.stash.get(SESSION, None)
    if line is None or session.config.option.collectonly:
        return
    _book(line)
    results = line.results
    if session.testscollected == 0:
        results.suite_errors.append("no test was selected")
    if exit_status in (2, 3, 4, 5) and not results.suite_errors:
        results.suite_errors.append("the run was interrupted")
    if results.failures:
        session.exitstatus = DOES_NOT_CONFORM
    elif results.too_little_seen():
        session.exitstatus = NOTHING_SAID
    else:
        session.exitstatus = CONFORMS


def conclude(config: pytest.Config) -> None:
    """Print what was found."""
    line = config.stash.get(SESSION, None)
    if line is not None and not config.option.collectonly:
        report.summary(config, line, config.stash[SETTINGS], config.stash[STOPWATCH].seconds)
