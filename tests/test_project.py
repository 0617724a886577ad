"""Do the front door and the lock do what they say: settings, secrets, setup, and what the Makefile promises?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.document import ROOT

SETTINGS = [
    "BASE_URL",
    "API_KEY",
    "API_KEY_SECOND",
    "API_KEY_OTHER_ORG",
    "API_KEY_NO_CREDITS",
    "API_KEY_NO_ANTHROPIC",
    "API_KEY_NO_GITHUB_APP",
    "API_KEY_NO_GIT_PROVIDER",
    "CONTROL_URL",
    "SEED",
    "STRICT",
    "PROFILE",
    "CA_BUNDLE",
]
SECRET = "csk_live_secret $HOME #1 'a' \"b\""
BARE = {"PATH": os.environ["PATH"]}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory with a space in its name, the Makefile, and a Python that shows what it is started with."""
    directory = tmp_path / "a clone"
    (directory / "scripts").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "scripts/setup.sh"):
        shutil.copy2(ROOT / name, directory / name)
    script(directory / ".venv" / "bin" / "python", 'echo "arguments: $*"\nenv | grep ^COSPEC_ | sort\n')
    (directory / ".venv" / ".installed").touch()
    return directory


def script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    path.chmod(0o755)
    return path


def make(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in an environment of its own."""
    return subprocess.run(
        ["make", *arguments], cwd=directory, env=BARE | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_reaches_the_suite_from_the_command_line_and_from_the_environment(clone: Path, name: str) -> None:
    """`make test NAME=value` and `NAME=value make test` both become COSPEC_NAME, the others stay unset."""
    expected = ["arguments: scripts/verdict.py", f"COSPEC_{name}=https://host/a?b"]
    assert make(clone, "test", f"{name}=https://host/a?b").stdout.splitlines() == expected
    assert make(clone, "test", **{name: "https://host/a?b"}).stdout.splitlines() == expected


def test_the_environment_is_named_on_the_command_line_for_env_means_something_else_to_shells(clone: Path) -> None:
    assert "COSPEC_ENV=staging" in make(clone, "test", "ENV=staging").stdout.splitlines()
    assert "COSPEC_ENV" not in make(clone, "test", ENV="/home/somebody/.shrc").stdout
    assert "COSPEC_ENV=staging" in make(clone, "test", COSPEC_ENV="staging").stdout.splitlines()


def test_a_variable_that_nothing_knows_is_refused_before_anything_is_done(clone: Path) -> None:
    refused = make(clone, "test", "READONLY=1", "ARGS=-k 'one two' X=1")
    assert refused.returncode == 2
    assert "READONLY is no setting. It may be " in refused.stderr
    assert "arguments:" not in refused.stdout
    for name in re.findall(r"^([A-Z_]+) [?:]?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        if name not in ("GIVEN", "UNKNOWN", "SETTINGS", "RUN"):
            assert "is no setting" not in make(clone, "help", f"{name}=1").stderr


def test_a_prefixed_setting_of_the_environment_is_left_alone(clone: Path) -> None:
    """COSPEC_API_KEY passes as it is, and a make variable wins over it."""
    assert "COSPEC_API_KEY=one" in make(clone, "test", COSPEC_API_KEY="one").stdout.splitlines()
    assert "COSPEC_API_KEY=two" in make(clone, "test", "API_KEY=two", COSPEC_API_KEY="one").stdout.splitlines()
    assert "COSPEC_" not in make(clone, "test").stdout


def test_no_secret_is_printed_by_make(clone: Path) -> None:
    """Whatever characters a key has, it arrives whole and make shows nothing of it."""
    script(clone / ".venv" / "bin" / "python", 'test "$COSPEC_API_KEY" = "$EXPECTED" && echo the same\n')
    for arguments in (["test"], ["test", "-j2"]):
        result = make(clone, *arguments, API_KEY=SECRET, EXPECTED=SECRET)
        assert (result.stdout, result.stderr) == ("the same\n", "")


def test_arguments_and_port_are_passed_on(clone: Path) -> None:
    """ARGS goes to the suite and to the mock, PORT to the mock."""
    assert make(clone, "test", "ARGS=-k pagination").stdout == "arguments: scripts/verdict.py -k pagination\n"
    mock = make(clone, "mock", "PORT=0", "ARGS=--no-control")
    assert mock.stdout == "arguments: -m mock_server --port 0 --no-control\n"


def test_what_a_change_is_compared_with_is_passed_on(clone: Path) -> None:
    """Whole, whatever it looks like; and empty when it is not said, so that the command says what to do."""
    expected = "arguments: -m scripts.compat --markdown=a.md -- origin/my branch\n"
    assert make(clone, "compat", "BASE=origin/my branch", "ARGS=--markdown=a.md").stdout == expected
    assert make(clone, "compat").stdout == "arguments: -m scripts.compat -- \n"


def test_the_gate_is_told_of_base_and_preview(clone: Path) -> None:
    """And compares with origin/main when nothing else is said."""
    assert make(clone, "gate").stdout == "arguments: -m scripts.gate --base origin/main --preview-url \n"
    given = make(clone, "gate", "BASE=v1.0.0", "PREVIEW_URL=https://preview.example", API_KEY="csk_live_abcd").stdout
    assert given.splitlines() == [
        "arguments: -m scripts.gate --base v1.0.0 --preview-url https://preview.example",
        "COSPEC_API_KEY=csk_live_abcd",
    ]


def test_the_name_of_a_client_is_passed_on(clone: Path) -> None:
    """Also when it is not said: one client is asked for, so the command says which there are."""
    assert make(clone, "client", "CLIENT=go").stdout == "arguments: -m scripts.clients generate -- go\n"
    assert make(clone, "client").stdout == "arguments: -m scripts.clients generate -- \n"
    assert make(clone, "clients").stdout == "arguments: -m scripts.clients generate\n"
    assert make(clone, "test-clients").stdout == "arguments: -m scripts.clients test\n"
    assert make(clone, "test-clients", "CLIENT=go").stdout == "arguments: -m scripts.clients test -- go\n"


def test_a_failing_step_fails_the_check(clone: Path) -> None:
    """Nothing after the first failure, and its status is not lost."""
    script(clone / ".venv" / "bin" / "python", 'echo "$*"\ntest "$2" != mypy\n')
    result = make(clone, "check")
    assert result.returncode != 0
    assert result.stdout.splitlines() == ["-m ruff check", "-m ruff format --check", "-m mypy"]


def test_help_shows_every_target(clone: Path) -> None:
    """It is what `make` alone does, and no target is without a sentence."""
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    shown = re.findall(r"^  make ([a-z-]+) +\S.*$", make(clone).stdout, re.MULTILINE)
    assert shown == phony[1].split()


@pytest.mark.parametrize(
    ("python", "message"),
    [
        (None, "there is no ./python; Python 3.11 or newer is needed"),
        ("exit 1", "./python does not start"),
        ("case $2 in *print*) echo 3.9;; *exit*) exit 1;; esac", "./python is Python 3.9; 3.11 or newer is needed"),
        ("case $2 in *print*) echo 3.11;; *ensurepip*) exit 1;; esac", "./python has no venv module"),
        ("case $2 in *print*) echo 3.11;; venv) exit 1;; esac", "./python cannot make .venv"),
    ],
)
def test_setup_says_in_one_line_what_is_missing(clone: Path, python: str | None, message: str) -> None:
    """Which interpreter, what is wrong with it, and what to do."""
    if python is not None:
        script(clone / "python", f"{python}\n")
    shutil.rmtree(clone / ".venv")
    result = make(clone, "setup", "PYTHON=./python")
    assert result.returncode != 0
    own, makes = result.stderr.splitlines()
    assert own.startswith(f"setup: {message}")
    assert makes.startswith("make: ***")
    assert not (clone / ".venv" / ".installed").exists()


def test_setup_is_done_anew_when_the_lock_changes(clone: Path) -> None:
    """And not otherwise."""
    script(clone / ".venv" / "bin" / "python", 'case $1 in -c) echo 3.11;; *) echo "$*" >> calls;; esac\n')
    fake = script(clone / "python", "case $2 in *print*) echo 3.11;; esac\n")
    assert make(clone, "setup", f"PYTHON=./{fake.name}").returncode == 0
    assert not (clone / "calls").exists()
    os.utime(clone / "requirements.lock", (2**31, 2**31))
    assert make(clone, "setup", f"PYTHON=./{fake.name}").returncode == 0
    assert "install --quiet --require-hashes" in (clone / "calls").read_text(encoding="utf-8")


def test_the_lock_pins_every_requirement_with_hashes_and_names_no_host() -> None:
    """Each name of requirements.in is there; every entry has one version and at least one hash."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", lock.strip())
    pinned = {entry.partition("==")[0] for entry in entries}
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    asked = {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in lines if line and not line.startswith("#")}
    assert asked <= pinned
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[^\s]+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    assert "://" not in lock
    assert "index" not in lock


def test_continuous_integration_runs_the_checks_and_then_the_verdict() -> None:
    """`.ci/run` is executable and stops at the first failure."""
    path = ROOT / ".ci" / "run"
    text = path.read_text(encoding="utf-8")
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in text
    assert re.findall(r"^ *make --no-print-directory (\S+)$", text, re.MULTILINE) == ["check", "test"]
