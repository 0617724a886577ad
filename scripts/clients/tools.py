"""Where do the generators come from? Finds toolchains, and installs pinned generators once under `.tools/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.go_tools import HOW_TO_GET_GO, TOOLS
from scripts.reference import HOW_TO_GET_NODE

FILES = Path(__file__).resolve().parent
LOCK = FILES / "generators.lock"


class ClientError(Exception):
    """A client cannot be made or does not work; the message is one line."""


@dataclass(frozen=True)
class Toolchain:
    """Commands that a person installs, and how."""

    name: str
    commands: tuple[str, ...]
    how: str

    def missing(self) -> str | None:
        """The first command that is not there, or None."""
        return next((command for command in self.commands if shutil.which(command) is None), None)


NODE = Toolchain("Node.js", ("node", "npm"), HOW_TO_GET_NODE)
GO = Toolchain("Go", ("go",), HOW_TO_GET_GO)
JAVA = Toolchain("Java", ("java",), "install Java 17 or newer (adoptium.net, or your system's package default-jre)")
JDK = Toolchain(
    "Java", ("javac", "mvn"), "install a JDK 17 or newer and Maven (your system's packages default-jdk and maven)"
)
RUST = Toolchain("Rust", ("cargo", "rustc"), "install Rust 1.85 or newer (rustup.rs)")


def require(toolchains: Sequence[Toolchain], reason: str) -> None:
    """Raise `ClientError` for the first toolchain that is not there."""
    for toolchain in toolchains:
        command = toolchain.missing()
        if command is not None:
            raise ClientError(f"{reason} needs {toolchain.name}, and there is no {command}: {toolchain.how}")


def run(
    command: Sequence[str | Path],
    cwd: Path,
    doing: str,
    environment: Mapping[str, str] | None = None,
    *,
    show: bool = False,
) -> str:
    """Run a command and return what it printed. Raises `ClientError` with the first line that names an error.

    With `show`, all that it printed goes to standard error when it fails.
    """
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = [line.strip() for line in (result.stderr + result.stdout).splitlines() if line.strip()]
        if show:
            print(*lines, sep="\n", file=sys.stderr)
        errors = [line for line in lines if "error" in line.lower()]
        others = [line for line in lines if not line.startswith("#")]
        raise ClientError(f"{doing} failed: {[*errors, *others, f'status {result.returncode}'][0]}")
    return result.stdout


def python_tools(tools: Path = TOOLS, lock: Path = LOCK) -> Path:
    """The directory of the commands that come from PyPI, installed when they are not there yet."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = tools / f"client-generators@{digest}"
    done = folder / ".installed"
    if not done.is_file():
        print("installing the generators of scripts/clients/generators.lock, once", file=sys.stderr)
        uv: list[str | Path] = [sys.executable, "-m", "uv", "--quiet"]
        run([*uv, "venv", "--clear", "--python", sys.executable, folder], FILES, "making a virtual environment")
        install: list[str | Path] = [*uv, "pip", "install", "--python", folder / "bin" / "python", "--require-hashes"]
        run([*install, "--requirement", lock], FILES, "installing the generators")
        done.touch()
    return folder / "bin"


def npm_tools(name: str, folder: Path, tools: Path = TOOLS) -> Path:
    """`node_modules` of the package-lock.json in `folder`, installed when it is not there yet."""
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:12]
    place = tools / f"client-{name}@{digest}"
    done = place / ".installed"
    if not done.is_file():
        place.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy2(folder / file, place / file)
        install_npm(place)
        done.touch()
    return place / "node_modules"


def install_npm(folder: Path) -> None:
    """Install what the package-lock.json in `folder` says, there."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run(command, folder, "npm ci")
