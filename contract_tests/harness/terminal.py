"""How do lines of ours get to the terminal, whatever pytest is writing there or keeping from it?

A status line is kept up to date below the line that pytest writes on. It is drawn while a test runs, when pytest writes
nothing, and gone before pytest goes on. What workers have to tell comes in between in the same way where there is none.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TextIO

import pytest

from contract_tests.harness.exchange import redact

BESIDE = "cospec-beside"
"""The name of the plugin that writes while pytest does not."""
TICK_SECONDS = 0.25
_CLEAR_BELOW, _LINE_UP, _LEAST_WIDTH = "\x1b[J", "\x1b[A", 20


def write(config: pytest.Config, line: str = "") -> None:
    """Write a line of its own, also while pytest captures what tests write."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    capture, beside = config.pluginmanager.get_plugin("capturemanager"), config.pluginmanager.get_plugin(BESIDE)
    with contextlib.ExitStack() as stack:
        if beside is not None:
            stack.enter_context(beside.aside())
        if capture is not None:
            stack.enter_context(capture.global_and_fixture_disabled())
        reporter.ensure_newline()
        if config.get_terminal_writer().width_of_current_line:  # dots of several workers, which pytest does not count
            reporter.write_line("")
        reporter.write_line(redact(line))
        reporter.flush()


def shows_a_status_line(config: pytest.Config, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody sits at a terminal that can show a line in place, and has asked for no other way of writing."""
    reporter, option = config.pluginmanager.get_plugin("terminalreporter"), config.option
    seen = reporter is not None and reporter.isatty() and option.verbose >= 0
    able = environment.get("TERM", "dumb") != "dumb" and not environment.get("CI")
    others = option.capture == "no" or option.usepdb or option.setupshow
    return bool(seen and able and not others)


def show_status_line(config: pytest.Config, text: Callable[[int], str]) -> None:
    """Keep a line up to date while tests run. `text` gives it for a width.

    To be called before the first test: what pytest captures then does not reach the terminal any more.
    """
    writer = config.get_terminal_writer()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding, errors="replace")

    def widths() -> tuple[int, int]:
        # While pytest captures, only our own way out still leads to the terminal.
        with contextlib.suppress(OSError):
            return os.get_terminal_size(out.fileno()).columns, writer.width_of_current_line
        return writer.fullwidth, writer.width_of_current_line

    line = StatusLine(out, text, widths, writer.flush)
    config.pluginmanager.register(line, BESIDE)
    config.add_cleanup(line.close)


def write_as_they_come(config: pytest.Config, lines: Callable[[], Sequence[str]]) -> None:
    """Write lines while tests run, as soon as `lines` has some. It is asked again and again, from another thread."""
    beside = _Lines(lines, lambda line: write(config, line))
    config.pluginmanager.register(beside, BESIDE)
    config.add_cleanup(beside.end)


class _Beside:
    """Does something again and again while tests run, never while pytest writes. A plugin of pytest's."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._clock: threading.Thread | None = None

    def tick(self) -> None:
        """What is done; the lock is held meanwhile."""

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Without it, for pytest to write."""
        with self._lock:
            yield

    def _run(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            with self._lock:
                self.tick()

    def end(self) -> None:
        """Do nothing any more."""
        self._ended.set()
        if self._clock is not None:
            self._clock.join()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        self._clock = threading.Thread(target=self._run, daemon=True)
        self._clock.start()
        try:
            return (yield)
        finally:
            self.end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, None, None]:
        with self.aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, None, None]:
        with self.aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, None, None]:
        with self.aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodedown(self) -> Generator[None, None, None]:
        with self.aside():
            return (yield)


class _Lines(_Beside):
    """Writes lines of its own."""

    def __init__(self, lines: Callable[[], Sequence[str]], write_line: Callable[[str], None]) -> None:
        super().__init__()
        self._lines, self._write_line = lines, write_line

    def tick(self) -> None:
        for line in self._lines():
            self._write_line(line)

    def end(self) -> None:
        """Write what is left and stop."""
        if not self._ended.is_set():
            super().end()
            self.tick()


class StatusLine(_Beside):
    """Draws a line below the cursor and leaves the cursor where it was. A plugin of pytest's."""

    def __init__(
        self,
        out: TextIO,
        text: Callable[[int], str],
        widths: Callable[[], tuple[int, int]],
        flush: Callable[[], None],
    ) -> None:
        """`widths`: of the terminal, and of what stands on pytest's line; `flush` has that written."""
        super().__init__()
        self._out, self._text, self._widths, self._flush = out, text, widths, flush
        self._is_on = False
        self._column: int | None = None
        """Where the cursor is on pytest's line; None while nothing may be drawn."""
        self._drawn = ""

    # Drawing

    def draw(self) -> None:
        """Bring the line up to date."""
        with self._lock:
            if self._column is None:
                return
            text = self._text(self._widths()[0] - 1)
            if text != self._drawn:
                back = f"\x1b[{self._column}C" if self._column else ""
                self._put(f"{_CLEAR_BELOW}\n{text}\r{_LINE_UP}{back}")
                self._drawn = text

    def _show(self) -> None:
        with self._lock:
            self._flush()
            width, column = self._widths()
            fits = width >= _LEAST_WIDTH and (not column or column % width)
            self._column = column % width if self._is_on and fits else None
            self.draw()

    def _hide(self) -> None:
        with self._lock:
            self._column = None
            if self._drawn:
                self._put(_CLEAR_BELOW)
                self._drawn = ""

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Without the line, for pytest to write."""
        with self._lock:
            self._hide()
            try:
                yield
            finally:
                self._show()

    def tick(self) -> None:
        self.draw()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        self._is_on = True
        return (yield from super().pytest_runtestloop())

    def end(self) -> None:
        """Take the line away for good."""
        self._is_on = False
        super().end()
        self._hide()

    def close(self) -> None:
        self.end()
        with contextlib.suppress(OSError):
            self._out.close()
