"""Say whether a server keeps the contract: the one that COSPEC_BASE_URL names, else the embedded mock server.

Starts the mock on a free port when no server is named, runs the suite, and stops the mock. Arguments go to pytest.
Exit status: 0 the server conforms, 1 it does not, 2 nothing could be said.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
PROVOKE = ROOT / "mock_server" / "provoke.yaml"
NOTHING_SAID = 2
STARTED = "coSPEC mock server at "

MOCK_KEYS = {
    "COSPEC_API_KEY": "csk_live_contract_tests_own",
    "COSPEC_API_KEY_SECOND": "csk_live_contract_tests_own__2",
    "COSPEC_API_KEY_OTHER_ORG": "csk_live_contract_tests_other",
    "COSPEC_API_KEY_NO_CREDITS": "csk_live_no_credits_contract_tests",
    "COSPEC_API_KEY_NO_ANTHROPIC": "csk_live_no_anthropic_contract_tests",
    "COSPEC_API_KEY_NO_GITHUB_APP": "csk_live_no_github_app_contract_tests",
    "COSPEC_API_KEY_NO_GIT_PROVIDER": "csk_live_no_git_provider_contract_tests",
}


SINK_HOST = "sink.contract-tests.example"
"""Where the embedded mock delivers to: a reserved name that leads to the suite's receiver."""


@dataclass(frozen=True)
class Sink:
    """A receiver of deliveries that the suite will open: what the mock and the suite have to know of it."""

    options: tuple[str, ...]
    environment: Mapping[str, str]


@contextmanager
def webhook_sink() -> Iterator[Sink]:
    """Prepare a receiver on a free port, with a certificate of an authority that lives as long as the run."""
    import trustme

    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{line.getsockname()[1]}"
    authority = trustme.CA()
    certificate = authority.issue_cert(SINK_HOST)
    with TemporaryDirectory(prefix="cospec-sink-") as directory:
        trusted, own = Path(directory, "authority.pem"), Path(directory, "receiver.pem")
        authority.cert_pem.write_to_path(trusted)
        certificate.private_key_and_cert_chain_pem.write_to_path(own)
        yield Sink(
            options=("--ca", str(trusted), "--resolve", f"{SINK_HOST}:443:{address}"),
            environment={
                "COSPEC_WEBHOOK_SINK_URL": f"https://{SINK_HOST}",
                "COSPEC_WEBHOOK_SINK_LISTEN": address,
                "COSPEC_WEBHOOK_SINK_CERTIFICATE": str(own),
            },
        )


@contextmanager
def mock_server(*options: str) -> Iterator[str]:
    """Run a mock server of our own on a free port and yield its URL."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", *options]
    # In a process group of its own: on Ctrl-C the suite still needs it.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith(STARTED):
                raise RuntimeError("the mock server did not start")
            yield line.removeprefix(STARTED).split()[0]
        finally:
            process.terminate()


def run_suite(environment: Mapping[str, str], arguments: list[str]) -> int:
    """Run the suite in a process of its own and return its exit status, one of 0, 1 and 2."""
    command = [sys.executable, "-m", "pytest", "contract_tests", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=dict(environment)) as process:
        while process.poll() is None:
            # Ctrl-C reaches the suite too: it removes what it made, and ends.
            with suppress(KeyboardInterrupt):
                process.wait()
    status = process.returncode
    return status if status in (0, 1) else NOTHING_SAID


def main(arguments: list[str]) -> int:
    """Run the suite against the server that the environment names, or against a mock server."""
    environment = dict(os.environ)
    if environment.get("COSPEC_BASE_URL") or environment.get("COSPEC_ENV"):
        return run_suite(environment, arguments)
    try:
        with (
            TemporaryDirectory(prefix="cospec-journal-") as journal,
            webhook_sink() as sink,
            mock_server("--still", *sink.options) as url,
        ):
            own = {
                "COSPEC_BASE_URL": url,
                "COSPEC_CONTROL_URL": f"{url}/_control",
                "COSPEC_PROVOKE": str(PROVOKE),
                "COSPEC_JOURNAL": journal,
                "COSPEC_API_KEYS": "",  # its clock is moved, so there is nothing to wait for
            }
            return run_suite({**environment, **own, **MOCK_KEYS, **sink.environment}, arguments)
    except RuntimeError as error:
        print(f"{error}.", file=sys.stderr)
        return NOTHING_SAID


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(NOTHING_SAID)
