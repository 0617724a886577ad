"""Killed or interrupted at any moment, the suite leaves nothing behind for long, and never touches what is not its."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.harness import leftovers, plugin
from contract_tests.harness.settings import PREFIX
from generated.contract import OPERATIONS
from scripts import clean_target
from tests.contract_tests import mortal
from tests.contract_tests.altered_mock import Answer, Asked, altered
from tests.contract_tests.suite import run_here

RULES = (
    "concurrency/never-more-than-ten",
    "runs/born-pending",
    "templates/deletion-is-final",
    "webhooks/as-many-as-documented",
)
"""They make things of every kind, one by one and many at once."""
REQUESTS = 125
"""So many requests a run of them sends at the least."""
QUIET = 50
"""After so many there are templates, but no run of theirs is at work."""
WAIT_SECONDS = 60
SETTLED_SECONDS = 0.2
_draw = random.Random(20)
MOMENTS = [
    (_draw.choice([signal.SIGKILL, signal.SIGINT]), number, _draw.choice(["before", "after"]))
    for number in sorted(_draw.sample(range(2, REQUESTS), 20))
]


@dataclass
class Trap:
    """Sends a signal to a process when a mock is asked for the so-many-th time, before or after it does as asked."""

    pid: int = 0
    signal: signal.Signals = signal.SIGKILL
    number: int = 0
    when: str = "before"
    asked_for: list[Asked] = field(default_factory=list)
    sprung: threading.Event = field(default_factory=threading.Event)

    def asked(self, request: Asked) -> Asked:
        if self.pid:
            self.asked_for.append(request)
            self._spring("before")
        return request

    def answered(self, answer: Answer) -> Answer:
        if self.pid:
            self._spring("after")
        return answer

    def _spring(self, when: str) -> None:
        # Where many ask at once others may have come before this one is answered.
        if len(self.asked_for) >= self.number and when == self.when:
            pid, self.pid = self.pid, 0
            os.kill(pid, self.signal)
            self.sprung.set()


@pytest.fixture(scope="module", name="trap")
def _trap() -> Trap:
    return Trap()


@pytest.fixture(scope="module", name="url")
def _url(trap: Trap) -> Iterator[str]:
    with altered(trap.answered, trap.asked) as url:
        yield url


@dataclass(frozen=True)
class Colleague:
    """Somebody else in the organization, who looks at it with plain requests."""

    url: str
    key: str

    def ask(self, operation_id: str, body: Any = None, **query: str) -> requests.Response:
        operation = OPERATIONS[operation_id]
        answer = requests.request(
            operation.method,
            self.url + operation.path,
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=10,
        )
        assert answer.status_code == operation.success_status, answer.text
        return answer

    def work(self) -> None:
        """Make things that look like the suite's, and one of each kind that does not."""
        for slug in ("ct-abc123-1", "deploy"):
            self.ask("createTemplate", {"slug": slug, "name": "Ours", "baseImage": "node-22"})
            self.ask("createWebhook", {"url": f"https://hooks.acme.example/{slug}", "events": ["run.failed"]})
            body = {"repo": "acme/storefront", "prompt": f"[mock:stuck-pending] {slug}", "template": slug}
            self.ask("createRun", body)

    def looks(self) -> list[bytes]:
        """What the organization has, byte for byte; what has ended is history."""
        return [
            self.ask("listTemplates", limit="100").content,
            self.ask("listWebhooks").content,
            self.ask("listRuns", status="pending,running").content,
        ]


@contextmanager
def doomed(
    colleague: Colleague, directory: Path, trap: Trap, moment: tuple[signal.Signals, int, str]
) -> Iterator[tuple[ForkServerProcess, dict[str, str]]]:
    """A run that is sent a signal at a moment, and its settings."""
    settings = {"base_url": colleague.url, "api_key": colleague.key, "journal": str(directory / "journal"), "seed": "1"}
    trap.signal, trap.number, trap.when = moment
    trap.asked_for.clear()
    trap.sprung.clear()
    with mortal.running(directory, settings, f"--rules={','.join(RULES)}") as process:
        trap.pid = process.pid or 0
        yield process, settings


def clean(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> int:
    """What `make clean-target` does with these settings."""
    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    return clean_target.clean(SETTLED_SECONDS)


@pytest.mark.parametrize(
    ("kill", "number", "when"), MOMENTS, ids=[f"{kill.name}-{when}-{number}" for kill, number, when in MOMENTS]
)
def test_nothing_of_a_run_that_was_stopped_stays_and_nothing_else_goes(
    kill: signal.Signals,
    number: int,
    when: str,
    url: str,
    trap: Trap,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    colleague = Colleague(url, f"csk_live_trace_{kill.name}_{when}_{number}".lower())
    colleague.work()
    before = colleague.looks()
    with doomed(colleague, tmp_path, trap, (kill, number, when)) as (process, settings):
        process.join(WAIT_SECONDS)
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert trap.sprung.is_set(), f"the run sent {len(trap.asked_for)} requests: {said}"
    assert process.exitcode == (2 if kill is signal.SIGINT else -kill), said
    if kill is signal.SIGINT and leftovers.TRY_AGAIN not in said:
        assert colleague.looks() == before, said
        assert list((tmp_path / "journal").rglob("*.jsonl")) == []

    assert clean(settings, monkeypatch) == 0, capsys.readouterr().out
    assert colleague.looks() == before
    assert list((tmp_path / "journal").rglob("*.jsonl")) == []


def test_the_next_run_removes_what_a_dead_one_has_left(url: str, trap: Trap, tmp_path: Path) -> None:
    colleague = Colleague(url, "csk_live_trace_next")
    colleague.work()
    before = colleague.looks()
    with doomed(colleague, tmp_path, trap, (signal.SIGKILL, QUIET, "after")) as (process, settings):
        process.join(WAIT_SECONDS)
    assert process.exitcode == -signal.SIGKILL
    left = colleague.looks()
    assert left != before

    quick = "--rules=authentication/key-is-its-own"
    run = run_here(tmp_path, plugin.SUITE, quick, **settings, read_only="1")
    assert "nothing may be removed here" in run.output
    assert colleague.looks() == left
    run = run_here(tmp_path, plugin.SUITE, quick, **settings)
    assert run.status == 0
    assert "of them are gone now" in run.output
    assert colleague.looks() == before


def test_runs_that_are_alive_leave_each_other_alone(
    url: str, trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    colleague = Colleague(url, "csk_live_trace_alive")
    colleague.work()
    before = colleague.looks()
    with doomed(colleague, tmp_path, trap, (signal.SIGSTOP, QUIET, "after")) as (process, settings):
        assert trap.sprung.wait(WAIT_SECONDS)
        meanwhile = colleague.looks()
        assert meanwhile != before

        assert clean(settings, monkeypatch) == 0
        assert "1 run(s) are at work there" in capsys.readouterr().out
        (tmp_path / "other").mkdir()
        run = run_here(tmp_path / "other", plugin.SUITE, "--rules=templates/created-is-echoed", **settings)
        assert run.status == 0
        assert colleague.looks() == meanwhile

        os.kill(process.pid or 0, signal.SIGCONT)
        process.join(WAIT_SECONDS)
    assert process.exitcode == 0, (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert colleague.looks() == before
