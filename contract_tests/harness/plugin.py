"""How pytest runs the rules: what a test's end means for its rule, and what the run's end means for the server.

Exit status: 0 the server conforms, 1 it does not, 2 nothing could be said.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests

from contract_tests.harness import checks, echoes, leftovers, pages, report
from contract_tests.harness.document import Document
from contract_tests.harness.exchange import NO_JSON, Exchange, redact
from contract_tests.harness.line import LineError, shown
from contract_tests.harness.order import is_smoke, place
from contract_tests.harness.permission import Guard, permission
from contract_tests.harness.report_data import REPORT_NAME, make_report, make_verdict
from contract_tests.harness.results import Results
from contract_tests.harness.rules import RULES, Break, Broken, Hindered, Rule
from contract_tests.harness.session import PATIENCE_SECONDS, Session
from contract_tests.harness.settings import (
    Settings,
    SettingsError,
    read_reports,
    read_settings,
)
from contract_tests.harness.target import open_target
from contract_tests.harness.world import World
from generated.contract import Header

NOTHING_SAID = 2
"""The exit status of a run that can say nothing of the server."""

SETTINGS = pytest.StashKey[Settings]()
SESSION = pytest.StashKey[Session]()
RESPONSE_RULES = (checks, pages, echoes)
"""The modules whose rules every response is held to: importing them registers the rules."""
ABANDONED = pytest.StashKey[bool]()
STOPWATCH = pytest.StashKey[report.Stopwatch]()
CLEAN_UP = "clean-up"
"""What requests that remove things are counted for."""
SUITE = Path(__file__).parents[1]


_UNSEEN = {False: "because nothing was seen that shows it", True: "because PROFILE=smoke leaves it out"}


class Warned(Exception):
    """Ends a test whose assumption does not hold: neither passed nor failed."""


def refuse_unknown_options(parser: pytest.Parser) -> None:
    """Make an unknown option end with exit status 2: pytest's own 4 is no verdict."""

    def refuse(message: str) -> NoReturn:
        print(f"{message} (try --help)", file=sys.stderr)
        sys.exit(NOTHING_SAID)

    parser.optparser.error = refuse  # type: ignore[method-assign]


def run() -> Generator[None, Any, Any]:
    """Make what pytest cannot do as it is told end with exit status 2, with a line for each reason."""
    try:
        return (yield)
    except pytest.UsageError as error:
        for line in error.args:
            print(line, file=sys.stderr)
        return NOTHING_SAID


def start(session: pytest.Session) -> None:
    """Read the settings and speak with the server once; when that fails, nothing is collected and the run ends."""
    config = session.config
    if config.option.collectonly:
        return
    try:
        _open(config)
    except (SettingsError, Unreachable) as error:
        report.write(config, str(error))
        config.stash[ABANDONED] = True


class Unreachable(Exception):
    """The server cannot be tested; the message says why and what to do."""


def is_abandoned(config: pytest.Config) -> bool:
    """Whether the run ended before it began."""
    return config.stash.get(ABANDONED, False)


def _open(config: pytest.Config) -> None:
    """Open the target that the settings describe. Raises SettingsError or Unreachable."""
    settings = read_settings()
    line = connect(settings)
    config.stash[SETTINGS], config.stash[SESSION] = settings, line
    config.stash[STOPWATCH] = report.Stopwatch()
    report.heading(config, settings, line)
    answer = greet(line, settings)
    line.file = CLEAN_UP
    for sentence in leftovers.begin(line, settings, config.rootpath, leftovers.organization_of(answer)):
        report.write(config, sentence)
    line.file = ""
    if line.journal is not None:
        config.add_cleanup(line.journal.close)


def connect(settings: Settings) -> Session:
    """A session on the target of the settings, on which only that is sent which they permit. Raises Unreachable."""
    try:
        target = open_target(settings)
    except (requests.RequestException, ValueError, KeyError, TypeError):
        raise Unreachable(f"{settings.control_url} (COSPEC_CONTROL_URL) is no control interface of the mock.") from None
    document, results = Document(), Results(strict=settings.strict, is_smoke=settings.profile == "smoke")
    line = Session(
        target,
        document,
        results,
        timeout_seconds=settings.timeout_seconds,
        verify=str(settings.ca_bundle) if settings.ca_bundle else True,
        patience_seconds=max(PATIENCE_SECONDS, 60 * settings.plan.minutes),
    )
    line.guard = Guard(permission(settings, target, document), results)
    line.gates.append(line.guard.let_pass)
    line.observers.append(line.guard.note)
    return line


def greet(line: Session, settings: Settings) -> Exchange:
    """The answer to a first request, which shows that this is the API and that the key is one. Raises Unreachable."""
    try:
        answer = line.call("getCurrentApiKey")
    except LineError as error:
        raise Unreachable(f"No answer from {settings.base_url}: {error.words}. Is COSPEC_BASE_URL right?") from None
    if 300 <= answer.status < 400:
        raise Unreachable(
            f"{settings.base_url} redirects to {shown(answer.response.headers.get('location', 'nowhere'))} "
            f"({answer.status}). Set COSPEC_BASE_URL (make test BASE_URL=...) to where the API itself answers."
        )
    if answer.status == 401:
        key = redact(settings.api_key.get_secret_value())
        raise Unreachable(
            f"{settings.base_url} refuses the key {key} with 401 {answer.code or ''}. "
            "Set COSPEC_API_KEY (make test API_KEY=...) to a valid one."
        )
    if answer.json is NO_JSON and Header.RATE_LIMIT_LIMIT.lower() not in answer.response.headers:
        raise Unreachable(
            f"{settings.base_url} does not look like the coSPEC API: it answers {answer.request.path} with "
            f"{answer.status} {answer.response.media_type}. Is COSPEC_BASE_URL right?"
        )
    return answer


def collected(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests in order, keep to the rules that were asked for, and note whether only a part of the suite was
    chosen.
    """
    items.sort(key=lambda item: place(item.nodeid))
    settings = config.stash.get(SETTINGS, None)
    if settings is not None and settings.profile == "smoke":
        items[:] = [item for item in items if is_smoke(item.nodeid)]
    _choose(config, items)
    line = config.stash.get(SESSION, None)
    if line is not None:
        start, option = config.invocation_params.dir, config.option
        named = any(start.joinpath(argument).resolve() != SUITE for argument in config.args)
        if named or option.ignore or option.ignore_glob:
            line.results.partial = True


def loaded(config: pytest.Config, found: pytest.CollectReport) -> None:
    """Note a file of the suite that could not be loaded: its rules are missing."""
    line = config.stash.get(SESSION, None)
    if line is not None and found.failed:
        told = str(found.longrepr).strip().splitlines() or [""]
        line.results.suite_errors.append(f"{found.nodeid} could not be loaded: {told[-1].removeprefix('E').strip()}")


def _choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is no test of the rules that were asked for; none of it where a rule is looked at by many tests."""
    wanted = set(config.option.rules)
    if unknown := {*wanted, *config.option.stop_at} - set(RULES):
        raise pytest.UsageError(f"there is no rule {', '.join(sorted(unknown))}")
    chosen = [item for item in items if (rule := rule_of(item)) is not None and rule.id in wanted]
    if wanted and wanted == {rule.id for item in chosen if (rule := rule_of(item)) is not None}:
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def deselected(config: pytest.Config) -> None:
    """Note that only a part of the suite was chosen."""
    line = config.stash.get(SESSION, None)
    if line is not None:
        line.results.partial = True


def rule_of(item: pytest.Item) -> Rule | None:
    marker = item.get_closest_marker("rule")
    return marker.args[0] if marker else None


def set_up(item: pytest.Item) -> Generator[None, Any, Any]:
    """Prepare one test. What its fixtures come across ends it as if it had come across that itself."""
    line = item.config.stash[SESSION]
    line.file = item.path.name
    line.exchanges = []
    try:
        return (yield)
    except BaseException as error:  # noqa: BLE001 - every end of a test means something, an interruption too
        _conclude(item, error)


def call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run one test and book what it found: under its own rule, and under the rules on every response."""
    outcome: BaseException | None = None
    try:
        result = yield
    except BaseException as error:  # noqa: BLE001
        outcome = error
        result = None
    _conclude(item, outcome)
    return result


def tear_down(item: pytest.Item) -> Generator[None, Any, Any]:
    """Clean up after one test. What goes wrong then is an error of the suite."""
    try:
        return (yield)
    except Exception as error:
        _note_error(item, error)
        raise


def _conclude(item: pytest.Item, outcome: BaseException | None) -> None:
    """Book the end of a test, and raise what pytest is to make of it."""
    line = item.config.stash[SESSION]
    results, own = line.results, rule_of(item)
    failing = [found for found in _book(line) if results.fails(found)]
    if isinstance(outcome, LineError):
        outcome = _unverified(item, own, outcome)
    if outcome is None or isinstance(outcome, AssertionError):
        results.tests_concluded += 1
    if own is not None and _book_own(item, own, outcome, failing):
        outcome = None if failing else Warned(str(outcome))
    if isinstance(outcome, Hindered):
        results.hindrances.setdefault(str(outcome.msg), item.name)
    if any(rule_id in results.rules and results.rules[rule_id].breaks for rule_id in item.config.option.stop_at):
        item.session.shouldfail = "a rule of --stop-at is broken"
        results.suite_errors.append("the run ended at a rule of --stop-at")
    if failing:
        raise Broken(report.brief(failing), failing[0].exchange) from None
    if isinstance(outcome, Warned):
        pytest.xfail(redact(f"warning: {outcome}"))
    if outcome is not None:
        if not isinstance(outcome, (pytest.skip.Exception, KeyboardInterrupt, pytest.exit.Exception)):
            _note_error(item, outcome)
        raise outcome


class Unverified(pytest.skip.Exception):  # type: ignore[name-defined,misc]
    """Ends a test that got no answer."""


def _unverified(item: pytest.Item, own: Rule | None, error: LineError) -> Unverified:
    """Book that a test could not be brought to its end, and end the run when the line is down."""
    line = item.config.stash[SESSION]
    line.results.unverified.setdefault(str(error), []).append(own.id if own is not None else item.name)
    if line.line.is_down:
        item.session.shouldfail = "the line to the server is down"
    return Unverified(redact(f"because no answer could be had: {error}"))


def _book_own(item: pytest.Item, own: Rule, outcome: BaseException | None, failing: list[Break]) -> bool:
    """Book what a test's end means for its own rule. Returns whether it is broken, which `failing` then has."""
    line = item.config.stash[SESSION]
    results = line.results
    if isinstance(outcome, AssertionError):
        exchange = outcome.exchange if isinstance(outcome, Broken) else None
        exchange = exchange or (line.exchanges[-1] if line.exchanges else None)
        broken = Break(own, str(outcome) or "the promise does not hold", exchange, results.requests)
        results.broke(broken)
        if results.fails(broken):
            failing.append(broken)
        return True
    if outcome is None:
        results.held(own)
    elif isinstance(outcome, pytest.skip.Exception):
        results.was_not_checked(own, str(outcome.msg))
    return False


def _note_error(item: pytest.Item, error: BaseException) -> None:
    item.config.stash[SESSION].results.suite_errors.append(f"{item.name}: {type(error).__name__}: {error}")


def _book(line: Session) -> list[Break]:
    """Move the breaks that the session has found into the results."""
    found, line.breaks = line.breaks, []
    for item in found:
        line.results.broke(item)
    return found


def quieten(config: pytest.Config) -> None:
    """Leave the telling of failures to the report, and write JUnit beside the report unless told otherwise."""
    if config.option.verbose < 2:
        config.option.tbstyle = "no"
        config.option.reportchars = ""
    if config.option.xmlpath is None and not config.option.collectonly:
        config.option.xmlpath = str(config.rootpath / read_reports() / "junit.xml")


def retell(item: pytest.Item, call_info: pytest.CallInfo[None], test_report: pytest.TestReport) -> None:
    """Put what was seen and a curl line in place of a traceback, and no key into one that stays."""
    error = call_info.excinfo.value if call_info.excinfo else None
    if isinstance(error, Broken) and item.config.option.verbose < 2:
        test_report.longrepr = report.evidence(str(error), error.exchange, item.config.stash[SESSION].target)
    elif test_report.failed:
        test_report.longrepr = redact(str(test_report.longrepr))


def leave(session: pytest.Session, world: World) -> None:
    """Remove what was made. Interrupted, it is left to the next run."""
    config, line = session.config, session.config.stash[SESSION]
    line.file = CLEAN_UP
    try:
        told = leftovers.end(line, config.stash[SETTINGS], world.clean())
    except KeyboardInterrupt:
        line.results.interrupted = True
        session.exitstatus = NOTHING_SAID
        told = [f"interrupted, and not everything is removed; {leftovers.TRY_AGAIN}"]
    for sentence in told:
        report.write(config, sentence)


def finish(session: pytest.Session, exit_status: int) -> None:
    """Turn what was found into the exit status of the run."""
    line = session.config.stash.get(SESSION, None)
    if is_abandoned(session.config):
        session.exitstatus = NOTHING_SAID
    if line is None or is_abandoned(session.config):
        return
    _book(line)
    results = line.results
    if not results.suite_errors:
        results.interrupted |= exit_status == pytest.ExitCode.INTERRUPTED
        if session.testscollected == 0:
            results.suite_errors.append("no test was selected")
        elif exit_status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
            results.suite_errors.append("the run was interrupted")
        elif not results.tests_concluded and not results.interrupted:
            results.suite_errors.append("nothing that was selected could be checked")
    if not results.partial:
        for rule in RULES.values():
            if rule.id not in results.rules:
                for reason in results.withheld or [_UNSEEN[results.is_smoke]]:
                    results.was_not_checked(rule, reason)
    session.exitstatus = make_verdict(results).exit_status


def conclude(config: pytest.Config) -> None:
    """Print what was found."""
    line = config.stash.get(SESSION, None)
    if line is not None and not is_abandoned(config):
        settings, seconds = config.stash[SETTINGS], config.stash[STOPWATCH].seconds
        data = make_report(line.results, line, settings, seconds)
        path = config.rootpath / settings.reports / REPORT_NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
        report.summary(config, line, settings, seconds)
