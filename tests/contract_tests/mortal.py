"""A run of the suite in a process that can be killed, forked from one that has everything imported."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from contract_tests.harness import plugin
from contract_tests.harness.settings import PREFIX
from scripts import preload

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([preload.__name__])


@contextlib.contextmanager
def running(directory: Path, settings: Mapping[str, str], *arguments: str) -> Iterator[ForkServerProcess]:
    """A run of the suite that lives no longer than this; what it prints goes to `said.txt` in the directory."""
    process = _context.Process(target=_run, args=(directory, dict(settings), arguments), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _run(directory: Path, settings: Mapping[str, str], arguments: tuple[str, ...]) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ |= {PREFIX + name.upper(): value for name, value in settings.items()}
    options = ("--import-mode=importlib", "-q", "-pno:cacheprovider", f"--rootdir={directory}")
    with (
        (directory / "said.txt").open("w", encoding="utf-8") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(file),
    ):
        status = pytest.main([str(plugin.SUITE), *options, *arguments])
    sys.exit(int(status))
