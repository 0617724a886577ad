"""Are several keys one run: one report, one verdict, one way to end, whatever happens to a worker?

The suites are of a few tests each; the names of their files decide which worker runs them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from contract_tests.harness.workers import INTERRUPTED
from mock_server import hosting
from tests.contract_tests.suite import ROOT, Run, run_apart

KEYS = ("csk_live_several", "csk_live_several__2")
PATIENCE_SECONDS = 60
HEAD = """\
import os
import time
from contract_tests.harness.rules import not_checked, require, rule
"""
ASKS = """
    @rule("several/{name}", source="overview")
    def test_{name}(session):
        '''It is answered.'''
        {before}
        exchange = session.call("{operation_id}")
        {after}
        require(exchange.status == {status}, "it is answered otherwise", exchange)
"""


def asks(name: str, operation_id: str, status: int = 200, before: str = "", after: str = "") -> str:
    """A test of one rule."""
    text = textwrap.dedent(ASKS)
    return text.format(name=name, operation_id=operation_id, status=status, before=before, after=after)


def suite(directory: Path, main: str, further: str) -> Path:
    """A suite of which one file is for the main key and one for the further one."""
    path = directory / "own_suite"
    path.mkdir()
    (path / "conftest.py").write_text("from contract_tests.conftest import *\n", encoding="utf-8")
    (path / "test_own.py").write_text(HEAD + main, encoding="utf-8")
    (path / "test_sequences.py").write_text(HEAD + further, encoding="utf-8")
    return path


def run(directory: Path, main: str, further: str, url: str, *arguments: str, **settings: str) -> Run:
    given = {"base_url": url, "api_keys": ",".join(KEYS), **settings}
    found = run_apart(directory, suite(directory, main, further), *arguments, **given)
    for key in KEYS:
        assert key not in found.output.replace(f"{KEYS[0]}_", "")
    return found


@pytest.fixture(name="finished", scope="module")
def _finished(tmp_path_factory: pytest.TempPathFactory, mock_url: str) -> Run:
    """A run whose second worker finds a rule broken, with all that pytest can tell of it."""
    main = asks("one", "listRuns") + asks("three", "getUsage")
    waits = "from contract_tests.harness.events import Waiting; session.target.tell(Waiting(30, 'for a run to end'))"
    further = asks("two", "getCredits", status=202) + asks("four", "getCurrentApiKey", after=waits)
    directory = tmp_path_factory.mktemp("finished")
    return run(directory, main, further, mock_url, f"--debug={directory / 'debug.log'}")


def test_what_all_workers_found_is_one_report(finished: Run) -> None:
    assert finished.status == 1, finished.output
    outcomes = {rule["id"]: rule["outcome"] for rule in finished.report["rules"] if rule["subject"] == "several"}
    expected = dict.fromkeys(("several/one", "several/three", "several/four"), "held") | {"several/two": "broken"}
    assert outcomes == expected
    requests = finished.report["requests"]
    assert requests["byFile"] == {"": 2, "test_own.py": 2, "test_sequences.py": 2}
    assert requests["byKey"] == {"API_KEYS[1]": 2, "API_KEYS[2]": 2}
    assert requests["total"] == 6
    assert "1 failed, 3 passed" in finished.output
    suites = ET.parse(finished.directory / "reports" / "junit.xml").getroot()
    names = sorted(case.get("name") or "" for case in suites.iter("testcase"))
    assert names == ["test_four", "test_one", "test_three", "test_two"]


def test_what_one_worker_found_broken_comes_with_a_line_that_repeats_it(finished: Run) -> None:
    (evidence,) = finished.broken["two"]["evidence"]
    assert evidence["response"].startswith("200 ")
    assert '"Authorization: Bearer $(echo "$COSPEC_API_KEYS" | cut -d, -f2)"' in evidence["curl"]


def test_a_long_wait_of_a_worker_is_a_line_that_names_its_key(finished: Run) -> None:
    (line,) = (line for line in finished.output.splitlines() if "waiting" in line)
    assert re.fullmatch(r"API_KEYS\[2\]: waiting 30 s for a run to end; \d of 600 planned requests sent", line)


def test_no_report_shows_a_key(finished: Run) -> None:
    for file in (finished.directory / "reports").iterdir():
        assert KEYS[1] not in file.read_text(encoding="utf-8")


def test_a_worker_that_dies_leaves_no_verdict(tmp_path: Path, mock_url: str) -> None:
    found = run(tmp_path, asks("one", "listRuns"), asks("two", "getCredits", before="os._exit(3)"), mock_url)
    assert found.status == 2, found.output
    assert "the worker with COSPEC_API_KEYS[2] (csk_live_…seve) died during " in found.verdict
    assert "test_two" in found.verdict
    assert {rule["id"] for rule in found.report["rules"] if rule["outcome"] == "held"} >= {"several/one"}


def test_every_refused_key_is_named_shortened_and_nothing_is_run(tmp_path: Path, mock_url: str) -> None:
    keys = ["csk_live_good", "csk_live_revoked_1", "csk_live_unknown_2"]
    found = run(tmp_path, asks("one", "listRuns"), asks("two", "getCredits"), mock_url, api_keys=",".join(keys))
    assert found.status == 2
    first, second = (line for line in found.output.splitlines() if "refuses" in line)
    assert "refuses the API_KEYS[2] csk_live_…revo with 401 API_KEY_INVALID" in first
    assert "refuses the API_KEYS[3] csk_live_…unkn with 401 API_KEY_INVALID" in second
    assert not [key for key in keys if key in found.output]
    assert not (tmp_path / "reports" / "report.json").exists()


@pytest.mark.parametrize("option", ["-n2", "--tx=popen"])
def test_workers_are_nothing_that_a_person_asks_for(tmp_path: Path, mock_url: str, option: str) -> None:
    found = run(tmp_path, asks("one", "listRuns"), asks("two", "getCredits"), mock_url, option)
    assert found.status == 2
    assert "a worker is started for each key of COSPEC_API_KEYS" in found.output
    assert "Traceback" not in found.output


def test_interrupted_every_worker_removes_what_it_made(tmp_path: Path) -> None:
    makes = asks("one", "getUsage", after="world.new_webhook(); time.sleep({seconds})").replace(
        "session)", "session, world)"
    )
    further = makes.replace("_one", "_two").replace("/one", "/two").replace("{seconds}", "2")
    path = suite(tmp_path, makes.replace("{seconds}", "2"), further)
    with hosting.running() as url:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COSPEC_")}
        environment |= {"COSPEC_BASE_URL": url, "COSPEC_API_KEYS": ",".join(KEYS)}
        command = [sys.executable, "-m", "pytest", str(path), f"--rootdir={tmp_path}", "-q", "-pno:cacheprovider"]
        with subprocess.Popen(
            [*command, "--import-mode=importlib"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            journals = tmp_path / ".cospec"
            deadline = time.monotonic() + PATIENCE_SECONDS
            while len(_made(journals)) < len(KEYS) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert len(_made(journals)) == len(KEYS)
            os.killpg(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2, said
    assert INTERRUPTED in said
    assert list(journals.rglob("*.jsonl")) == [], said
    assert "Traceback" not in said


def _made(journals: Path) -> list[Path]:
    """The journals of workers that have made something."""
    return [path for path in journals.rglob("*.jsonl") if '"id"' in path.read_text(encoding="utf-8")]
