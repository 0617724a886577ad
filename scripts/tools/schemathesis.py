"""What does schemathesis say of a mock, as it comes and in the best configuration that passes the conforming mock?"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from scripts.tools.ground import API_KEY, ground
from scripts.tools.tool import NothingSaid, Run, Tool, run_command
from scripts.verdict import ROOT

DOCUMENT = ROOT / "openapi" / "cospec.yaml"
REPORT = "report.json"
BEST = """\
[checks]
unsupported_method.enabled = false
ensure_resource_availability.enabled = false

[[operations]]
include-operation-id = "createRun"
checks.positive_data_acceptance.enabled = false
"""


def ask(run: Run, *, configuration: str = "") -> tuple[frozenset[str], int]:
    """Run it once with all its phases."""
    (run.directory / "schemathesis.toml").write_text(configuration, encoding="utf-8")
    with ground(run.alterations) as place:
        command = [
            run.command,
            "run",
            str(DOCUMENT),
            "--url",
            place.url,
            "--header",
            f"Authorization: Bearer {API_KEY}",
        ]
        command += ["--seed", str(run.seed), "--no-color", "--report", "json", "--report-json-path", REPORT]
        _, said = run_command(command, run)
        report = run.directory / REPORT
        if not report.is_file():
            raise NothingSaid(f"There is no report: {said.strip().splitlines()[-1:]}")
        return findings(json.loads(report.read_text(encoding="utf-8"))), place.requests


def findings(report: dict[str, Any]) -> frozenset[str]:
    """Each kind of failure or error at each operation."""
    told = [*report["failures"], *report["errors"]]
    return frozenset(
        f"{each['title']}: {operation}" for each in told for operation in each.get("operations") or ["as a whole"]
    )


_tool = partial(
    Tool,
    command=str(Path(sys.executable).parent / "schemathesis"),
    get="pip install schemathesis, which `make setup` does",
)
DEFAULT = _tool(
    name="schemathesis",
    title="schemathesis, defaults",
    how="`schemathesis run` with the key as a header, all its phases and checks",
    ask=ask,
)
TUNED = _tool(
    name="schemathesis-tuned",
    title="schemathesis, tuned",
    how="the same without what is wrong about this API: `unsupported_method` (it answers 404, not 405), "
    "`ensure_resource_availability` (a template has two names), and `positive_data_acceptance` of createRun (a valid "
    "run may name a template that does not exist)",
    ask=partial(ask, configuration=BEST),
)
