"""Ctrl-C in `make test` reaches the suite, which removes what it made and says so, before its mock is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from contract_tests.harness import leftovers
from tests.contract_tests.suite import ROOT

PATIENCE_SECONDS = 60
SOON_AFTER = "plan: "
"""What the suite prints last before it begins."""


def test_ctrl_c_ends_it_with_exit_status_2_and_no_traceback(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COSPEC_")}
    command = [sys.executable, "-u", "scripts/verdict.py", "-q", "-pno:cacheprovider"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, "COSPEC_REPORTS": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(SOON_AFTER):
                process.stdout.read(8)  # the first tests are over
                break
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2, said
    assert "the run was interrupted" in said
    # Stopped between the journal and the request, nobody can tell whether it will still arrive.
    assert leftovers.TRY_AGAIN not in said or "it may still be made" in said
    assert "Traceback" not in said
