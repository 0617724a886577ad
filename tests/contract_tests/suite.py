"""Runs of the suite, in this process or in one of its own, with settings of their own and reports of their own."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract_tests.harness import plugin
from contract_tests.harness.document import Document
from contract_tests.harness.report_data import REPORT_NAME
from contract_tests.harness.settings import PREFIX

ROOT = Path(__file__).parents[2]
KEY = "csk_live_harness_tests_of_the_suite"
_UNUSED = ("cacheprovider", "warnings", "unraisableexception", "threadexception")
"""Plugins of pytest's that would leave files behind, complain of what runs around the run, or take time."""
_OPTIONS = ("--import-mode=importlib", "-q", *(f"-pno:{name}" for name in _UNUSED))
_HEAD = """\
import pytest
from contract_tests.harness.rules import Rule, not_checked, require, rule
"""
_HEADING = r"testing http|profile |permission: |not checked for that: |plan: |=* ?no tests ran in|- generated"
_document = functools.cache(Document)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Run:
    """What a run came to."""

    status: int
    output: str
    directory: Path

    @property
    def said(self) -> list[str]:
        """The lines of a run that ended before it began, but for the heading and pytest's own last line."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return [line for line in lines if not re.match(_HEADING, line)]

    @property
    def verdict(self) -> str:
        return next(line for line in self.output.splitlines() if line.startswith("VERDICT"))

    @property
    def report(self) -> dict[str, Any]:
        text = (self.directory / "reports" / REPORT_NAME).read_text(encoding="utf-8")
        report: dict[str, Any] = json.loads(text)
        return report

    @property
    def broken(self) -> dict[str, dict[str, Any]]:
        """The rules that broke, by what follows the subject in their id."""
        return {rule["id"].partition("/")[2]: rule for rule in self.report["rules"] if rule["outcome"] == "broken"}


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port


def run_here(directory: Path, *arguments: str | Path, **settings: str) -> Run:
    """Run pytest in this process: quick, for it has been started already."""
    return run_as_whole(plugin.SUITE, directory, *arguments, **settings)


def run_as_whole(suite: Path, directory: Path, *arguments: str | Path, **settings: str) -> Run:
    """Run pytest in this process as if this were the whole suite."""
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(PREFIX + name.upper(), value)
        patch.setattr(plugin, "Document", _document)
        patch.setattr(plugin, "SUITE", suite)
        try:
            status = int(pytest.main([*map(str, arguments), f"--rootdir={directory}", *_OPTIONS]))
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
    return Run(status, output.getvalue(), directory)


def own_suite(directory: Path, tests: str) -> Path:
    """A suite of a few tests of our own on top of the fixtures and hooks of the real one."""
    suite = directory / f"suite_{next(_numbers)}"
    suite.mkdir()
    (suite / "conftest.py").write_text("from contract_tests.conftest import *\n", encoding="utf-8")
    (suite / "test_own.py").write_text(_HEAD + textwrap.dedent(tests), encoding="utf-8")
    return suite


def run_apart(directory: Path, *arguments: str | Path, **settings: str) -> Run:
    """Run pytest in a process of its own, as a person does."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, arguments), f"--rootdir={directory}", *_OPTIONS],
        cwd=ROOT,
        env=bare | {PREFIX + name.upper(): value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, directory)
