"""Killed or interrupted at any moment, the suite leaves nothing on a server for long, and never touches what is not its."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.harness import leftovers
from contract_tests.harness.settings import PREFIX
from generated.contract import OPERATIONS
from scripts import clean_target
from tests.contract_tests import mortal
from tests.contract_tests.altered_mock import Answer, Asked, altered

RULES = (
    "concurrency/never-more-than-ten",
    "runs/born-pending",
    "templates/deletion-is-final",
    "webhooks/as-many-as-documented",
)
"""They make things of every kind, one by one and many at once."""
REQUESTS = 135
"""So many requests a run of them sends at the least."""
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
    is_set: bool = False

    def asked(self, request: Asked) -> Asked:
        if self.is_set:
            self.asked_for.append(request)
            self._spring("before")
        return request

    def answered(self, answer: Answer) -> Answer:
        if self.is_set:
            self._spring("after")
        return answer

    def _spring(self, when: str) -> None:
        if len(self.asked_for) == self.number and when == self.when:
            self.is_set = False
            os.kill(self.pid, self.signal)


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
    settings = {"base_url": url, "api_key": colleague.key, "journal": str(tmp_path / "journal"), "seed": str(number)}

    trap.signal, trap.number, trap.when, trap.asked_for = kill, number, when, []
    process = mortal.begin(tmp_path, settings, f"--rules={','.join(RULES)}")
    trap.pid, trap.is_set = process.pid or 0, True
    process.join(WAIT_SECONDS)
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    assert not trap.is_set, f"the run sent {len(trap.asked_for)} requests: {said}"
    assert process.exitcode == (2 if kill is signal.SIGINT else -kill), said
    if kill is signal.SIGINT and leftovers.TRY_AGAIN not in said:
        assert colleague.looks() == before, said
        assert list((tmp_path / "journal").rglob("*.jsonl")) == []

    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    assert clean_target.clean(SETTLED_SECONDS) == 0, capsys.readouterr().out
    assert colleague.looks() == before
    assert list((tmp_path / "journal").rglob("*.jsonl")) == []
