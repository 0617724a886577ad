"""Where are the tools that are Go modules? Builds a pinned version once and keeps it under `.tools/`.

`python -m scripts.go_tools NAME…` prints their paths. Go itself checks what it downloads against its checksum database.
Nothing of `make check` and `make test` needs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.document import ROOT

TOOLS = ROOT / ".tools"
HOW_TO_GET_GO = "install Go 1.26 or newer (go.dev/doc/install, or your system's package golang)"


class ToolError(Exception):
    """A tool is not to be had; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class GoTool:
    """A command that a Go module has, in one version."""

    name: str
    package: str
    version: str

    def path(self, tools: Path = TOOLS) -> Path:
        """Where the command is, once it is built. Another version is another place."""
        return tools / f"{self.name}@{self.version}" / self.name


OASDIFF = GoTool("oasdiff", "github.com/oasdiff/oasdiff", "v1.36.0")
ACTIONLINT = GoTool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
OAPI_CODEGEN = GoTool("oapi-codegen", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen", "v2.8.2")
GO_TOOLS = {tool.name: tool for tool in (OASDIFF, ACTIONLINT, OAPI_CODEGEN)}


def installed(tool: GoTool, tools: Path = TOOLS) -> Path:
    """The path of the tool's command, which is built when it is not there yet. Raises `ToolError`."""
    path = tool.path(tools)
    if path.is_file():
        return path
    go = shutil.which("go")
    if go is None:
        raise ToolError(f"{tool.name} {tool.version} is built with Go, and there is no go: {HOW_TO_GET_GO}")
    print(f"building {tool.name} {tool.version} with Go; this takes a minute, once", file=sys.stderr)
    environment = {**os.environ, "GOBIN": str(path.parent.resolve()), "GOFLAGS": ""}
    command = [go, "install", f"{tool.package}@{tool.version}"]
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode or not path.is_file():
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        raise ToolError(f"{tool.name} {tool.version} cannot be built: go says {lines[-1].strip()!r}; {HOW_TO_GET_GO}")
    return path


def main(names: list[str]) -> int:
    """Print the path of each tool. Exit status 0, or 2 when one is not to be had."""
    try:
        for name in names:
            print(installed(GO_TOOLS[name]))
    except ToolError as error:
        print(f"go_tools: {error}", file=sys.stderr)
        return 2
    except KeyError as error:
        print(f"go_tools: there is no tool {error}; there are {', '.join(GO_TOOLS)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
