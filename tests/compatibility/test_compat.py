"""Does the command say the right thing, write its Markdown and exit with the right status?"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scripts import compat, go_tools
from scripts import document as doc

BREAK = ("maxLength: 200", "maxLength: 100")
ADDITION = ("enum: [asc, desc]", "enum: [asc, desc, none]")
MAJOR = ("  version: 1.0.0", "  version: 2.0.0")


def later(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    """The options for an edited document."""
    text = doc.DOCUMENT.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "later.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(doc.DOCUMENT), f"--file={file}", f"--markdown={tmp_path / 'reports' / 'compatibility.md'}"]


@pytest.mark.parametrize(
    ("edits", "status", "outcome", "title"),
    [
        ((), 0, "compat: no change: nothing", "## The contract did not change"),
        ((ADDITION,), 0, "compat: compatible: 1 other changes", "## The change is compatible"),
        ((BREAK,), 1, "compat: breaking: 1 breaking", "## The change breaks those who rely on the contract"),
        (
            (BREAK, MAJOR),
            0,
            "compat: breaking, as the version announces: 1 breaking",
            "## The change breaks, and the version announces it",
        ),
    ],
)
def test_the_exit_status_is_the_verdict(
    oasdiff: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    edits: tuple[tuple[str, str], ...],
    status: int,
    outcome: str,
    title: str,
) -> None:
    assert compat.main(later(tmp_path, *edits)) == status
    out, err = capsys.readouterr()
    assert any(line.startswith(outcome) for line in out.splitlines()), out
    assert err == ""
    assert (tmp_path / "reports" / "compatibility.md").read_text(encoding="utf-8").startswith(title)


def test_an_accepted_break_passes(oasdiff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text(
        "accepted:\n- {change: request-parameter-max-length-decreased, where: GET /v1/runs,"
        " reason: Nobody searches for so much., lapses: '9999-01-01'}\n",
        encoding="utf-8",
    )
    assert compat.main([*later(tmp_path, BREAK), f"--accepted={accepted}"]) == 0
    assert "accepted until 9999-01-01: Nobody searches for so much." in capsys.readouterr().out


def test_a_pull_request_on_github_gets_annotations(
    oasdiff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else does."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    compat.main(later(tmp_path, BREAK))
    assert "::error" not in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    compat.main(later(tmp_path, BREAK))
    assert "title=request-parameter-max-length-decreased,line=" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "compared with what?"),
        (["no-such-ref"], "neither a file nor a commit"),
        ([str(doc.DOCUMENT), "--file=none.yaml"], "none.yaml: No such file or directory"),
        ([str(doc.DOCUMENT), "--accepted=Makefile"], "Makefile:"),
    ],
)
def test_nothing_said_is_status_2_and_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(doc.ROOT)
    assert compat.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("compat: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_document_that_is_not_sound_is_told_in_one_line(
    oasdiff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Oasdiff does not read extensions, so it does not complain of them."""
    assert (
        compat.main(later(tmp_path, ("  x-source: overview\n  requests: 200", "  x-source: []\n  requests: 200"))) == 2
    )
    err = capsys.readouterr().err
    assert err.startswith("compat: one of the documents is not sound (")
    assert err.count("\n") == 1


def test_an_earlier_document_of_another_make_is_compared_too(
    oasdiff: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any of our extensions, webhooks or components."""
    file = tmp_path / "earlier.yaml"
    file.write_text("openapi: 3.0.3\ninfo: {title: Earlier, version: '1'}\npaths: {}\n", encoding="utf-8")
    assert compat.main([str(file), f"--markdown={tmp_path / 'compatibility.md'}"]) == 1
    out = capsys.readouterr().out
    assert "[endpoint-added]" in out
    assert "[webhook-added]" in out
    assert "[rate-limit-added]" in out


def test_without_go_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_tools.OASDIFF.__class__, "path", lambda self, tools=tmp_path: tmp_path / self.name)
    monkeypatch.setenv("PATH", _path_without_go(tmp_path))
    assert compat.main([str(doc.DOCUMENT)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        f"compat: oasdiff {go_tools.OASDIFF.version} is built with Go, and there is no go: install Go"
    )
    assert err.count("\n") == 1


def _path_without_go(tmp_path: Path) -> str:
    """A search path on which git is and go is not."""
    tools = tmp_path / "bin"
    tools.mkdir()
    git = shutil.which("git")
    if git:
        (tools / "git").symlink_to(git)
    return os.fspath(tools)
