"""Is a live server tested without a needless wait and without an accident? Runs the suite against the mock as one.

The mock has a real clock, no control interface, and a colleague at work in the organization. Prints how full each
window was that the suite waited for the end of. Exit status: 0 it conforms, no request was refused by surprise, and
the windows were full; 1 not; 2 nothing could be said.

`--keys N` spreads the tests over N keys, of one organization or, with `--organizations`, of N; `--fault NAME` breaks a
promise of the mock. Other arguments go to pytest.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from contract_tests.harness.report_data import REPORT_NAME, Report, Requests
from scripts.verdict import NOTHING_SAID, mock_server, run_suite, webhook_sink

LEAST_SHARE = 0.95
"""Of the requests that a window allows, so many are to be sent before its end is waited for."""
KEYS = {
    "COSPEC_API_KEY": "csk_live_office",
    "COSPEC_API_KEY_SECOND": "csk_live_office__2",
    "COSPEC_API_KEY_OTHER_ORG": "csk_live_neighbours",
    "COSPEC_API_KEY_NO_CREDITS": "csk_live_no_credits_office",
}


def keys_of(count: int, *, organizations: bool) -> dict[str, str]:
    """The settings of a run with so many keys, each perhaps of an organization of its own."""
    further = [
        f"csk_live_office_{number}" if organizations else f"csk_live_office__{number + 1}"
        for number in range(2, count + 1)
    ]
    return {**KEYS, "COSPEC_API_KEYS": ",".join(further)} if further else dict(KEYS)


def accidents(requests: Requests) -> list[str]:
    """What a run should not have come across on a right server."""
    told = [
        f"{pause.used} of {pause.allowed} requests were sent before a window was waited for"
        for pause in requests.pauses
        if pause.used < LEAST_SHARE * pause.allowed
    ]
    if requests.unplanned_refusals:
        told.append(f"{requests.unplanned_refusals} requests were refused by surprise")
    if requests.total > requests.planned:
        told.append(f"{requests.total} requests were sent, {requests.planned} planned")
    return told


def main(arguments: list[str]) -> int:
    """Run the suite, and tell how it went."""
    parser = argparse.ArgumentParser(prog="python -m scripts.live", allow_abbrev=False)
    parser.add_argument("--keys", type=int, default=1, help="how many keys the tests are spread over")
    parser.add_argument("--organizations", action="store_true", help="each key is of an organization of its own")
    parser.add_argument("--fault", action="append", default=[], help="a promise that the mock breaks")
    options, rest = parser.parse_known_args(arguments)
    keys = keys_of(options.keys, organizations=options.organizations)
    return run(keys, [f"--fault={fault}" for fault in options.fault], rest)


def run(keys: Mapping[str, str], mock: list[str], arguments: list[str]) -> int:
    """Run the suite with these keys. `mock`: further options of it; `arguments`: those of pytest."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COSPEC_")}
    profile = {name: os.environ[name] for name in ("COSPEC_PROFILE", "COSPEC_SEED") if os.environ.get(name)}
    options = [option for value in keys.values() for key in value.split(",") for option in ("--key", key)]
    with (
        TemporaryDirectory(prefix="cospec-live-") as directory,
        webhook_sink() as sink,
        mock_server("--live", "--colleague", *options, *mock, *sink.options) as url,
    ):
        own = {
            "COSPEC_BASE_URL": url,
            "COSPEC_ALLOW_RUNS": "1",
            "COSPEC_REPORTS": directory,
            "COSPEC_JOURNAL": directory,
        }
        status = run_suite({**environment, **profile, **own, **keys, **sink.environment}, arguments)
        path = Path(directory, REPORT_NAME)
        if not path.is_file():
            return NOTHING_SAID
        report = Report.model_validate_json(path.read_text(encoding="utf-8"))
    for pause in report.requests.pauses:
        print(f"waited {pause.seconds:.0f} seconds for a window of which {pause.used} of {pause.allowed} were used")
    told = accidents(report.requests)
    for line in told:
        print(f"not as it should be: {line}")
    return status or int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
