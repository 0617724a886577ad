"""Is the status line drawn in its place, and does all that pytest writes come out as if there were none?"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.harness import terminal
from contract_tests.harness.settings import PREFIX
from contract_tests.harness.terminal import StatusLine, shows_a_status_line
from tests.contract_tests.suite import ROOT, own_suite

_PIECE = re.compile(r"\x1b\[(\d*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")
COLUMNS, ROWS, WIDE = 80, 6, 120
ABLE = {"TERM": "xterm"}


class Screen:
    """What a terminal of a few rows shows of what is written to it, scrolled lines included."""

    def __init__(self, columns: int = COLUMNS, rows: int = ROWS) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()

    def feed(self, text: str) -> Screen:
        assert _PIECE.sub("", text) == "", "a sequence that no test knows"
        for number, letter, control, char in _PIECE.findall(text):
            self._take(int(number or 1), letter, control, char)
        return self

    def _take(self, number: int, letter: str, control: str, char: str) -> None:
        top = max(0, len(self.lines) - self.rows)
        if control == "\r":
            self.column = 0
        elif control == "\n" or (char and self.column == self.columns):
            self.row, self.column = self.row + 1, 0
            self.lines += [[] for _ in range(self.row - len(self.lines) + 1)]
        if letter == "A":
            self.row = max(top, self.row - number)
        elif letter == "C":
            self.column = min(self.columns - 1, self.column + number)
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            self.lines[self.row + 1 :] = [[] for _ in self.lines[self.row + 1 :]]
        if char:
            line = self.lines[self.row]
            line += " " * (self.column - len(line))
            line[self.column : self.column + 1] = char
            self.column += 1


class Place:
    """A terminal on which pytest and the status line write, as far as the line knows of it."""

    def __init__(self) -> None:
        self.out, self.current, self.status = io.StringIO(), "", "3 of 600 requests"
        self.line = StatusLine(self.out, lambda width: self.status[:width], self.widths, lambda: None)

    def widths(self) -> tuple[int, int]:
        return COLUMNS, len(self.current)

    def write(self, text: str) -> None:
        """Write as pytest does: between the line's end and its return."""
        with self.line.aside():
            self.out.write(text.replace("\n", "\r\n"))
            self.current = (self.current + text).rpartition("\n")[2]

    @property
    def text(self) -> str:
        # The terminal's driver makes a new line also return, and of one that returns already nothing else.
        return Screen().feed(re.sub(r"(?<!\r)\n", "\r\n", self.out.getvalue())).text


@pytest.fixture(name="place")
def _place() -> Iterator[Place]:
    place = Place()
    loop = place.line.pytest_runtestloop()
    next(loop)
    yield place
    loop.close()


# Drawing


def test_it_stands_below_what_pytest_writes_on(place: Place) -> None:
    place.write("test_runs.py ..")
    assert place.text == "test_runs.py ..\n3 of 600 requests"
    place.write(".")
    assert place.text == "test_runs.py ...\n3 of 600 requests"


def test_it_is_kept_up_to_date_in_place(place: Place) -> None:
    place.write("test_runs.py ..")
    place.status = "4 of 600"
    place.line.draw()
    assert place.text == "test_runs.py ..\n4 of 600"


def test_what_pytest_writes_is_as_it_would_be_without_it(place: Place) -> None:
    pieces = ["test_runs.py ", "..", ".\n", "a line\n\n", "x" * 79, "\n", "x" * COLUMNS, "y", "\n"]
    written = pieces * 5
    for number, piece in enumerate(written):
        place.write(piece)
        place.status = f"{number} of 600 requests"
        place.line.draw()
    place.line.end()
    assert place.text == Screen().feed("".join(written).replace("\n", "\r\n")).text


def test_it_is_gone_in_the_end_and_does_not_come_back(place: Place) -> None:
    place.write("test_runs.py ..")
    place.line.end()
    place.line.draw()
    place.write(".")
    assert place.text == "test_runs.py ..."


def test_it_is_not_there_before_tests_run() -> None:
    place = Place()
    place.write("collecting")
    place.line.draw()
    assert place.text == "collecting"


def test_it_is_no_wider_than_the_terminal(place: Place) -> None:
    place.status = "x" * 500
    place.write("test_runs.py ..")
    assert place.text == "test_runs.py ..\n" + "x" * (COLUMNS - 1)


def test_a_terminal_that_is_gone_does_not_end_the_run(place: Place) -> None:
    place.out.close()
    place.line.draw()
    place.line.end()


# Where there is one


def config(**given: Any) -> Any:
    """As much of a configuration of pytest's as decides."""
    options = {"verbose": 0, "capture": "fd", "usepdb": False, "setupshow": False, **given}
    reporter = SimpleNamespace(isatty=lambda: options.pop("tty", True))
    return SimpleNamespace(
        option=SimpleNamespace(**options), pluginmanager=SimpleNamespace(get_plugin=lambda name: reporter)
    )


def test_a_terminal_has_a_status_line() -> None:
    assert shows_a_status_line(config(), ABLE)
    assert shows_a_status_line(config(verbose=1), ABLE)


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"tty": False}, ABLE),
        ({"verbose": -1}, ABLE),
        ({"capture": "no"}, ABLE),
        ({"usepdb": True}, ABLE),
        ({"setupshow": True}, ABLE),
        ({}, {"TERM": "dumb"}),
        ({}, {}),
        ({}, ABLE | {"CI": "true"}),
    ],
)
def test_nothing_else_has_one(given: dict[str, Any], environment: dict[str, str]) -> None:
    assert not shows_a_status_line(config(**given), environment)


# For real

WAITS = '''
import time

@rule("own/first", source="overview")
def test_first(session):
    """The first promise."""
    from contract_tests.harness.events import Waiting
    session.call("getUsage")
    session.target.tell(Waiting(1, "x" * 60))
    print("kept from the terminal")
    time.sleep(2 * {tick})

@rule("own/second", source="overview")
def test_second(session, pytestconfig):
    """The second promise."""
    from contract_tests.harness import terminal
    terminal.write(pytestconfig, "a line of its own")
    time.sleep(2 * {tick})
    require(False, "it does not hold")
'''


def at_a_terminal(directory: Path, suite: Path, mock_url: str, *arguments: str, **variables: str) -> str:
    """What a run writes to a terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name != "CI"}
    environment |= {f"{PREFIX}BASE_URL": mock_url, f"{PREFIX}API_KEY": "csk_live_at_a_terminal", "TERM": "xterm"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, WIDE, 0, 0))
    command = [sys.executable, "-m", "pytest", str(suite), f"--rootdir={directory}", "--import-mode=importlib"]
    with subprocess.Popen(
        [*command, "-pno:cacheprovider", *arguments],
        cwd=ROOT,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # the other end was closed
            pass
        process.wait()
    os.close(ours)
    return b"".join(pieces).decode()


def test_a_run_at_a_terminal_leaves_nothing_of_it(tmp_path: Path, mock_url: str) -> None:
    suite = own_suite(tmp_path, WAITS.replace("{tick}", str(terminal.TICK_SECONDS)))
    written = at_a_terminal(tmp_path, suite, mock_url)
    assert "test_own.py: 2 of 600 requests" in written
    assert f"waiting 1 s {'x' * 60}" in written, "all of the terminal's width is used"
    shown = Screen(WIDE, rows=30).feed(re.sub(r"\x1b\[[\d;]*m", "", written)).text
    assert " of 600 requests" not in shown
    assert "a line of its own" in shown.splitlines()
    assert "kept from the terminal" not in shown
    assert "    seen:    it does not hold" in shown.splitlines()
    assert "VERDICT: " in shown


@pytest.mark.parametrize(("arguments", "variables"), [(["-q"], {}), ([], {"CI": "1"}), ([], {"TERM": "dumb"})])
def test_nothing_moves_where_nobody_asked_for_it(
    tmp_path: Path, mock_url: str, arguments: list[str], variables: dict[str, str]
) -> None:
    suite = own_suite(tmp_path, WAITS.replace("{tick}", "0"))
    written = at_a_terminal(tmp_path, suite, mock_url, *arguments, **variables)
    assert "a line of its own" in written
    assert " of 600 requests" not in written


AT_WORK = '''
import time

@rule("own/{name}", source="overview")
def test_{name}(session):
    """The promise."""
    from contract_tests.harness.events import Waiting
    session.call("getUsage")
    session.target.tell(Waiting(9, "for {name}"))
    time.sleep({seconds})
'''


def test_the_line_of_a_run_with_several_keys_is_drawn_from_all_and_leaves_nothing(
    tmp_path: Path, mock_url: str
) -> None:
    seconds = str(4 * terminal.TICK_SECONDS)
    suite = own_suite(tmp_path, AT_WORK.replace("{name}", "one").replace("{seconds}", seconds))
    further = (suite / "test_own.py").read_text(encoding="utf-8").replace("_one", "_two").replace("one", "two")
    (suite / "test_sequences.py").write_text(further, encoding="utf-8")
    keys = {f"{PREFIX}API_KEYS": "csk_live_at_a_terminal__2"}
    written = at_a_terminal(tmp_path, suite, mock_url, **keys)
    assert re.search(r"\d of 600 requests; API_KEY \S.*; API_KEYS\[1\] \S", written)
    assert re.search(r"API_KEY waits \d s for one", written)
    assert re.search(r"API_KEYS\[1\] waits \d s for two", written)
    shown = Screen(WIDE, rows=30).feed(re.sub(r"\x1b\[[\d;]*m", "", written)).text
    assert " of 600 requests" not in shown
    assert "VERDICT: " in shown
    assert "csk_live_at_a_terminal" not in written
