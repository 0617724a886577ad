"""How pytest runs the rules: what a test's end means for its rule, and what the run's end means for the server.

Exit status: 0 the server conforms, 1 it does not, 2 nothing could be said.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests

from contract_tests.harness import checks, echoes, leftovers, pages, report, terminal, workers
from contract_tests.harness.document import Document
from contract_tests.harness.events import Event
from contract_tests.harness.exchange import NO_JSON, Exchange, redact
from contract_tests.harness.line import LineError, shown
from contract_tests.harness.merging import merge
from contract_tests.harness.order import is_smoke, place, words_of
from contract_tests.harness.permission import Guard, permission
from contract_tests.harness.progress import Progress
from contract_tests.harness.progress_of_all import ProgressOfAll
from contract_tests.harness.report_data import REPORT_NAME, make_report, make_verdict
from contract_tests.harness.results import Results
from contract_tests.harness.rules import RULES, Break, Broken, Hindered, Rule
from contract_tests.harness.session import Session
from contract_tests.harness.settings import (
    PREFIX,
    Settings,
    SettingsError,
    read_reports,
    read_settings,
)
from contract_tests.harness.shares import MAIN
from contract_tests.harness.target import open_target
from contract_tests.harness.workers import Controller, Worker
from contract_tests.harness.world import World
from generated.contract import RATE_LIMIT_WINDOW_SECONDS, Header

NOTHING_SAID = 2
"""The exit status of a run that can say nothing of the server."""

SETTINGS = pytest.StashKey[Settings]()
SESSION = pytest.StashKey[Session]()
RESPONSE_RULES = (checks, pages, echoes)
"""The modules whose rules every response is held to: importing them registers the rules."""
ABANDONED = pytest.StashKey[bool]()
CONTROLLER = pytest.StashKey[Controller]()
WORKER = pytest.StashKey[Worker]()
STOPWATCH = pytest.StashKey[report.Stopwatch]()
PROGRESS = pytest.StashKey[Progress]()
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


def run(config: pytest.Config) -> Generator[None, Any, Any]:
    """Make what pytest cannot do as it is told end with exit status 2, with a line for each reason."""
    try:
        return (yield)
    except pytest.UsageError as error:
        for line in error.args if workers.part_of(config) is None else ():
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
        terminal.write(config, str(error))
        config.stash[ABANDONED] = True
        if CONTROLLER in config.stash:
            raise pytest.UsageError from None  # before the workers are started


def spread(config: pytest.Config) -> None:
    """Have a worker started for each key, where there are several."""
    controller = workers.prepare(config)
    if controller is not None:
        config.stash[CONTROLLER] = controller
        config.pluginmanager.register(controller, "cospec-controller")


def collect(session: pytest.Session) -> bool | None:
    """Collect nothing in a run that has ended; with workers all the same, to know what there is. Else as ever."""
    if not is_abandoned(session.config):
        if CONTROLLER not in session.config.stash:
            return None
        session.perform_collect()
    return True


class Unreachable(Exception):
    """The server cannot be tested; the message says why and what to do."""


class KeyRefused(Unreachable):
    """The server does not take a key."""


def is_abandoned(config: pytest.Config) -> bool:
    """Whether the run ended before it began."""
    return config.stash.get(ABANDONED, False)


def _open(config: pytest.Config) -> None:
    """Open the target that the settings describe. Raises SettingsError or Unreachable."""
    settings, part = read_settings(), workers.part_of(config)
    if part is not None:
        settings = settings.model_copy(update={"seed": part.seed})
    line = connect(settings, part.worker if part is not None else MAIN)
    config.stash[SETTINGS], config.stash[SESSION] = settings, line
    config.stash[STOPWATCH] = report.Stopwatch()
    if part is not None:
        worker = config.stash[WORKER] = Worker.begin(part, line)
        config.pluginmanager.register(worker, "cospec-worker")
        _follow(config, settings, line)
        _begin_journal(config, part.organization)
        return
    report.heading(config, settings, line)
    _follow(config, settings, line)
    lines = greet_all(line, settings)
    for organization, one in dict(reversed([(told, one) for one, told in lines])).items():
        one.file = CLEAN_UP
        for sentence in leftovers.clear(one, settings, config.rootpath, organization):
            terminal.write(config, sentence)
        one.file = ""
    for one, _ in lines[1:]:
        _book(one)
        merge(line.results, one.results)
    controller = config.stash.get(CONTROLLER, None)
    if controller is None:
        _begin_journal(config, lines[0][1])
    else:
        controller.open(config, line, settings, [organization for _, organization in lines])
        _follow_all(config, controller)


def _begin_journal(config: pytest.Config, organization: str | None) -> None:
    line = config.stash[SESSION]
    leftovers.begin(line, config.stash[SETTINGS], config.rootpath, organization)
    if line.journal is not None:
        config.add_cleanup(line.journal.close)


def _follow(config: pytest.Config, settings: Settings, line: Session) -> None:
    """Show how far the run is: at a terminal in a line that is kept up to date, elsewhere in one for each long wait."""
    target = line.target
    key, moved = target.shown_key(target.key), target.moves_its_clock
    progress = config.stash[PROGRESS] = Progress(settings.plan.requests, key, moves_its_clock=moved)
    if WORKER in config.stash:
        progress.tell = config.stash[WORKER].tell
    in_place = terminal.shows_a_status_line(config) and CONTROLLER not in config.stash
    if in_place:
        terminal.show_status_line(config, progress.status)

    def hear(event: Event) -> None:
        told = progress.hear(event)
        if told is not None and not in_place and threading.current_thread() is threading.main_thread():
            terminal.write(config, told)

    target.listeners.append(hear)


def _follow_all(config: pytest.Config, controller: Controller) -> None:
    """Show how far all the workers are."""
    settings, spent = config.stash[SETTINGS], config.stash[SESSION].results.requests
    names = [workers.name_of_key(settings, worker) for worker in range(controller.workers)]
    progress = ProgressOfAll(settings.plan.requests, names, controller.states, spent=spent)
    if terminal.shows_a_status_line(config):
        terminal.show_status_line(config, progress.status)
    else:
        terminal.write_as_they_come(config, progress.lines)


def connect(settings: Settings, worker: int = MAIN) -> Session:
    """A session on the target of the settings, on which only that is sent which they permit. Raises Unreachable.

    `worker`: the number of the key.
    """
    try:
        target = open_target(settings)
        if worker != MAIN:
            target = target.with_key(settings.keys[worker])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        raise Unreachable(f"{settings.control_url} (COSPEC_CONTROL_URL) is no control interface of the mock.") from None
    document, results = Document(), Results(strict=settings.strict, is_smoke=settings.profile == "smoke")
    line = Session(
        target,
        document,
        results,
        timeout_seconds=settings.timeout_seconds,
        verify=str(settings.ca_bundle) if settings.ca_bundle else True,
        patience_seconds=settings.plan.patience_seconds,
    )
    line.guard = Guard(permission(settings, target, document), results)
    line.gates.append(line.guard.let_pass)
    line.observers.append(line.guard.note)
    return line


def greet_all(line: Session, settings: Settings) -> list[tuple[Session, str | None]]:
    """A session for each key, the main one's first, with its organization. Raises Unreachable, of keys for all."""
    found, refused = [], []
    for worker in range(len(settings.keys)):
        one = line if worker == MAIN else connect(settings, worker)
        try:
            one.greeting = greet(one, settings, worker)
            found.append((one, leftovers.organization_of(one.greeting)))
        except KeyRefused as error:
            refused.append(str(error))
    if refused:
        raise Unreachable("\n".join(refused))
    return found


def greet(line: Session, settings: Settings, worker: int = MAIN) -> Exchange:
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
        setting = workers.name_of_key(settings, worker)
        name = setting.partition("[")[0]
        known = setting if setting != name else "key"
        raise KeyRefused(
            f"{settings.base_url} refuses the {known} {redact(line.target.key)} with 401 {answer.code or ''}. "
            f"Set {PREFIX}{name} (make test {name}=...) to " + ("a valid one." if known == "key" else "valid ones.")
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
    if WORKER in config.stash:
        config.stash[WORKER].choose(items)
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
    line.file, line.test = item.path.name, item.nodeid
    item.config.stash[PROGRESS].turn_to(words_of(item.nodeid))
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
    results, is_broken = line.results, isinstance(outcome, AssertionError)
    if isinstance(outcome, AssertionError):
        exchange = outcome.exchange if isinstance(outcome, Broken) else None
        exchange = exchange or (line.exchanges[-1] if line.exchanges else None)
        broken = Break(own, str(outcome) or "the promise does not hold", exchange, results.requests)
        results.broke(broken)
        if results.fails(broken):
            failing.append(broken)
    elif outcome is None:
        results.held(own)
    elif isinstance(outcome, pytest.skip.Exception):
        results.was_not_checked(own, str(outcome.msg))
    else:
        return False
    results.of(own).tests.add(item.nodeid)
    return is_broken


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
    config.stash[PROGRESS].turn_to(CLEAN_UP)
    line.endure(RATE_LIMIT_WINDOW_SECONDS)
    try:
        told = leftovers.end(line, config.stash[SETTINGS], world.clean())
    except KeyboardInterrupt:
        line.results.interrupted = True
        session.exitstatus = NOTHING_SAID
        told = [f"interrupted, and not everything is removed; {leftovers.TRY_AGAIN}"]
    if WORKER in config.stash:
        config.stash[WORKER].told += told
    for sentence in told:
        terminal.write(config, sentence)


def finish(session: pytest.Session, exit_status: int) -> None:
    """Turn what was found into the exit status of the run."""
    line = session.config.stash.get(SESSION, None)
    if is_abandoned(session.config):
        session.exitstatus = NOTHING_SAID
    if line is None or is_abandoned(session.config):
        return
    _book(line)
    if WORKER in session.config.stash:
        line.results.interrupted |= exit_status == pytest.ExitCode.INTERRUPTED
        session.config.stash[PROGRESS].end()
        session.config.stash[WORKER].hand_over(session.config)
        return
    controller = session.config.stash.get(CONTROLLER, None)
    if controller is not None:
        exit_status = _add_up(session.config, controller, exit_status)
    _judge_the_end(line.results, exit_status, any_selected=bool(session.items))
    session.exitstatus = make_verdict(line.results).exit_status


def _judge_the_end(results: Results, exit_status: int, *, any_selected: bool) -> None:
    """Note what the way in which the run ended leaves open, and the rules of which nothing was seen."""
    if not results.suite_errors:
        results.interrupted |= exit_status == pytest.ExitCode.INTERRUPTED
        if not any_selected:
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


def _add_up(config: pytest.Config, controller: Controller, exit_status: int) -> int:
    """Tell what the workers have to tell beside what they found. Returns the exit status of all together."""
    config.stash[SESSION].results.suite_errors += controller.dead
    for sentence in controller.told:
        terminal.write(config, sentence)
    if controller.was_interrupted or exit_status != pytest.ExitCode.INTERRUPTED:
        return exit_status
    return pytest.ExitCode.TESTS_FAILED


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
