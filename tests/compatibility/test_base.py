"""Is the earlier document found where BASE says, and is it said in one line when it is not?"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts.compatibility import base as base_module
from scripts.compatibility.base import BaseError, load_base

TEXT = "openapi: 3.1.0\ninfo: {title: Earlier, version: 1.2.3}\npaths: {}\n"
ANSWERS = {
    "/cospec.yaml": (200, TEXT.encode()),
    "/gone.yaml": (404, b"gone"),
    "/page.html": (200, b"<html>"),
    "/bytes.yaml": (200, b"\xff\xfe"),
    "/long.yaml": (200, b"a" * 4096),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a document in its first commit, another in its second, and none in its third."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    file = tmp_path / "openapi" / "cospec.yaml"
    file.parent.mkdir()
    git("init", "--initial-branch=main")
    for name, text in (("first", TEXT), ("second", TEXT.replace("Earlier", "Later")), ("third", None)):
        if text is None:
            file.unlink()
        else:
            file.write_text(text, encoding="utf-8")
        git("add", "--all")
        git("commit", "--message", name)
        git("tag", name)
    return tmp_path


@pytest.fixture
def server() -> Iterator[str]:
    """An HTTP server on this machine that answers what ANSWERS says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = ANSWERS[self.path]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def load(base: str, repository: Path) -> dict[str, object]:
    """What `base` names in a repository."""
    return load_base(base, repository, repository / "openapi" / "cospec.yaml")


@pytest.mark.parametrize(("ref", "title"), [("first", "Earlier"), ("second", "Later"), ("main~2", "Earlier")])
def test_a_ref_is_the_document_of_its_commit(repository: Path, ref: str, title: str) -> None:
    assert load(ref, repository)["info"] == {"title": title, "version": "1.2.3"}


def test_a_file_is_read_as_it_is(repository: Path) -> None:
    file = repository / "earlier.yaml"
    file.write_text(TEXT, encoding="utf-8")
    assert load(str(file), repository)["paths"] == {}


def test_a_url_is_fetched(repository: Path, server: str) -> None:
    assert load(f"{server}/cospec.yaml", repository)["openapi"] == "3.1.0"


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("", "compared with what?"),
        ("origin/main", "neither a file nor a commit that git knows here"),
        ("--help", "neither a file nor a commit"),
        ("third", "third has no openapi/cospec.yaml"),
        ("http://127.0.0.1:1/x", "cannot be fetched: ConnectionError"),
        ("http://[x", "cannot be fetched"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(repository: Path, base: str, words: str) -> None:
    with pytest.raises(BaseError, match=r"^[^\n]+$") as error:
        load(base, repository)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("path", "words"),
    [("/gone.yaml", "is answered 404"), ("/page.html", "not a mapping"), ("/bytes.yaml", "not UTF-8 (byte 0)")],
)
def test_a_url_that_is_no_document_is_told_in_one_line(repository: Path, server: str, path: str, words: str) -> None:
    with pytest.raises(BaseError, match=r"^[^\n]+$") as error:
        load(server + path, repository)
    assert words in str(error.value)


def test_an_endless_answer_is_cut_short(repository: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_module, "BYTES_AT_MOST", 1024)
    with pytest.raises(BaseError, match="longer than 1024 bytes"):
        load(f"{server}/long.yaml", repository)


def test_another_kind_of_document_is_refused(repository: Path) -> None:
    file = repository / "swagger.yaml"
    file.write_text("swagger: '2.0'\n", encoding="utf-8")
    with pytest.raises(BaseError, match="is no OpenAPI 3 document"):
        load(str(file), repository)
