"""`python -m mock_server` as a person uses it: one line when it listens, one when it cannot, gone when asked to."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import mock_server
from mock_server.hosting import Settings
from tests.mock_server.raw_http import connect, receive

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "mock_server"]
AT_ONCE_SECONDS = 2.0
"""How soon a stopped mock is gone, on a busy machine."""


@contextlib.contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A started mock and the first line that it printed."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def port_of(line: str) -> int:
    url = line.split()[4]
    assert url.startswith("http://127.0.0.1:")
    return int(url.rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_at_once_even_with_open_connections(number: signal.Signals) -> None:
    with started() as (process, line), contextlib.ExitStack() as stack:
        assert line.startswith("coSPEC mock server at http://127.0.0.1:")
        idle, waiting, begun, used = (stack.enter_context(connect(port_of(line))) for _ in range(4))
        begun.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: mock\r\nContent-Length: 9\r\n\r\n{")
        used.sendall(b"GET /v1/runs HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer csk_live_command\r\n\r\n")
        assert receive(used).status == 200
        waiting.sendall(b"\r\n")
        start = time.monotonic()
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=10)
        assert time.monotonic() - start < AT_ONCE_SECONDS
        assert (process.returncode, stdout, stderr) == (0, "", "")
        assert idle.recv(1) == b""


def refusal(*options: str) -> str:
    """What a mock that cannot start says."""
    result = subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1, "one line"
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert f"cannot listen at 127.0.0.1:{port}" in refusal("--port", port)


@pytest.mark.parametrize("host", ["a..b", "198.51.100.1", "x" * 300, ""])
def test_a_host_that_is_not_this_machine_is_told_in_one_line(host: str) -> None:
    assert "cannot listen at" in refusal("--host", host, "--port", "0")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--port", "65536"], "65536"),
        (["--port", "x"], "'x' is no port"),
        (["--prot", "1"], "--prot"),
        (["surplus"], "surplus"),
        (["--ca", "no/such/file"], "no/such/file"),
        (["--ca", "README.md"], "README.md"),
        (["--resolve", "a:443"], "HOST:PORT:ADDRESS"),
        (["--fault", "no-such-fault"], "there is no fault 'no-such-fault'"),
        (["--variant", "no-such-variant"], "there is no variant 'no-such-variant'"),
        (["--key", "csk_live_demo"], "--live"),
        (["--colleague"], "--live"),
        (["--still", "--no-control"], "control interface"),
        (["--still", "--live"], "control interface"),
    ],
)
def test_a_bad_option_is_told_in_one_line(options: list[str], told: str) -> None:
    assert told in refusal(*options)


def test_the_control_interface_can_be_switched_off() -> None:
    with started("--no-control") as (_, line):
        answer = requests.get(f"http://127.0.0.1:{port_of(line)}/_control", timeout=10)
    assert answer.status_code == 401, "like any unknown path, it is not told to strangers"


def test_its_clock_can_stand_still() -> None:
    with started("--still") as (_, line):
        control = f"http://127.0.0.1:{port_of(line)}/_control"
        before = requests.get(control, timeout=10).json()
        moved = requests.post(f"{control}/clock", json={"advanceSeconds": 60}, timeout=10).json()["now"]
        after = requests.get(control, timeout=10).json()["now"]
    assert before["standsStill"] is True
    assert moved == after == pytest.approx(before["now"] + 60, abs=0.001)


def test_a_live_one_names_its_keys_and_knows_no_other() -> None:
    with started("--live", "--key", "csk_live_office", "--colleague") as (_, line):
        assert "(the keys csk_live_office, without its control interface;" in line
        statuses = [
            requests.get(
                f"http://127.0.0.1:{port_of(line)}{path}", headers={"Authorization": f"Bearer {key}"}, timeout=10
            ).status_code
            for path, key in [("/v1/runs", "csk_live_office"), ("/v1/runs", "csk_live_demo"), ("/_control", "none")]
        ]
    assert statuses == [200, 401, 401]


def test_a_program_can_run_mocks_beside_each_other() -> None:
    headers = {"Authorization": "Bearer csk_live_embedded"}
    with mock_server.running() as first, mock_server.running(Settings(control=False)) as second:
        assert first != second
        for url in first, second:
            assert requests.get(f"{url}/v1/runs", headers=headers, timeout=10).status_code == 200
        assert requests.get(f"{first}/_control", timeout=10).status_code == 200
        assert requests.get(f"{second}/_control", headers=headers, timeout=10).status_code == 404
    with pytest.raises(requests.ConnectionError):
        requests.get(first, timeout=10)


def test_a_program_learns_that_the_port_is_in_use() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="in use"),
        mock_server.running(port=other.getsockname()[1]),
    ):
        pass


def test_a_program_learns_that_the_authorities_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError), mock_server.running(Settings(ca=tmp_path / "missing.pem")):  # noqa: PT011 - any
        pass


def test_who_reads_only_the_first_of_the_faults_sees_no_error() -> None:
    with subprocess.Popen(
        [*COMMAND, "--list-faults"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "  " in process.stdout.readline()
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == ("", 0)
