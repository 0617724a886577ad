"""Is a Go tool built once, in the version that is pinned, and is it said in one line why not?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import go_tools
from scripts.go_tools import GO_TOOLS, GoTool, ToolError, installed

TOOL = GoTool("sample", "example.com/sample/cmd/sample", "v1.2.3")


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A go command that writes down how it is called and leaves what `go install` would leave."""
    path = tmp_path / "bin" / "go"
    path.parent.mkdir()
    path.write_text(
        f'#!/bin/sh\necho "$*" >> {path}.calls\n/bin/mkdir -p "$GOBIN"\necho built > "$GOBIN/sample"\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    return path


def test_every_tool_is_pinned_to_one_version() -> None:
    assert set(GO_TOOLS) == {"oasdiff", "actionlint", "oapi-codegen"}
    for tool in GO_TOOLS.values():
        assert re.fullmatch(r"v\d+\.\d+\.\d+", tool.version)


def test_a_tool_is_built_once_in_its_version(tmp_path: Path, go: Path) -> None:
    tools = tmp_path / "tools"
    for _ in range(2):
        path = installed(TOOL, tools)
        assert path == tools / "sample@v1.2.3" / "sample"
        assert path.read_text(encoding="utf-8") == "built\n"
    calls = go.with_name("go.calls").read_text(encoding="utf-8").splitlines()
    assert calls == ["install example.com/sample/cmd/sample@v1.2.3"]


def test_a_new_version_is_built_anew(tmp_path: Path, go: Path) -> None:
    tools = tmp_path / "tools"
    first = installed(TOOL, tools)
    second = installed(GoTool(TOOL.name, TOOL.package, "v1.2.4"), tools)
    assert first != second
    assert second.is_file()


def test_a_failure_of_go_is_told_in_one_line(tmp_path: Path, go: Path) -> None:
    go.write_text("#!/bin/sh\necho 'go: downloading' >&2\necho 'go: no such module' >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(ToolError, match=r"^sample v1.2.3 cannot be built: go says 'go: no such module'[^\n]*$"):
        installed(TOOL, tmp_path / "tools")


def test_an_unknown_tool_and_a_missing_go_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert go_tools.main(["nothing"]) == 2
    assert (
        capsys.readouterr().err == "go_tools: there is no tool 'nothing'; there are oasdiff, actionlint, oapi-codegen\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="there is no go: install Go"):
        installed(TOOL, tmp_path / "tools")
