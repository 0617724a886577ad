"""Is a client's folder whole or as it was, and is it said in one line what is missing?"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import document as doc
from scripts.clients import __main__ as command
from scripts.clients.generators import patch_templates
from scripts.clients.making import make
from scripts.clients.table import CLIENTS, Client, Generator
from scripts.clients.tools import ClientError, Toolchain, npm_tools, python_tools, run

DOCUMENT = doc.load()
WITH_TOOLCHAINS = [client for client in CLIENTS.values() if client.generator.needs]


def write(name: str, source: Path, output: Path) -> None:
    """A generator that writes down what it was given."""
    document = json.loads(source.read_text(encoding="utf-8"))
    (output / "client.txt").write_text(f"{name} {document['info']['title']}", encoding="utf-8")


def fail(name: str, source: Path, output: Path) -> None:
    """A generator that gives up halfway."""
    (output / "half.txt").touch()
    raise ClientError("the generator failed: no")


def client_of(generator: Generator) -> Client:
    return replace(CLIENTS["python"], generator=generator, shapes=())


def test_a_client_has_its_licence_and_its_readme(tmp_path: Path) -> None:
    folder = make(client_of(Generator("writer", "1.0.0", write)), DOCUMENT, tmp_path)
    assert folder == tmp_path / "python"
    assert sorted(path.name for path in folder.iterdir()) == ["LICENSE", "README.md", "client.txt"]
    assert (folder / "client.txt").read_text(encoding="utf-8") == "python coSPEC API"
    assert (folder / "LICENSE").read_bytes() == (doc.ROOT / "LICENSE").read_bytes()
    assert "made by writer 1.0.0" in (folder / "README.md").read_text(encoding="utf-8")


def test_nothing_of_an_old_client_stays(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "old.txt").touch()
    folder = make(client_of(Generator("writer", "1.0.0", write)), DOCUMENT, tmp_path)
    assert not (folder / "old.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["python"]


def test_a_generator_that_fails_leaves_the_old_client(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "old.txt").touch()
    with pytest.raises(ClientError, match=r"no$"):
        make(client_of(Generator("failing", "1.0.0", fail)), DOCUMENT, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["python", "old.txt"]


@pytest.mark.parametrize("client", WITH_TOOLCHAINS, ids=[client.name for client in WITH_TOOLCHAINS])
def test_a_missing_toolchain_is_named_in_one_line(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main(["generate", client.name]) == 2
    needed = client.generator.needs[0]
    assert capsys.readouterr().err == (
        f"clients: making the {client.language} client needs {needed.name}, and there is no {needed.commands[0]}: "
        f"{needed.how}\n"
    )


def test_the_others_are_made_when_one_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []

    def pretend(client: Client, document: object) -> None:
        if client.name == "go":
            raise ClientError("no Go")
        made.append(client.name)

    monkeypatch.setattr(command, "make", pretend)
    assert command.main(["generate"]) == 2
    assert made == [name for name in CLIENTS if name != "go"]
    assert capsys.readouterr().err == "clients: no Go\n"


@pytest.mark.parametrize(("name", "said"), [("cobol", "there is no client 'cobol'"), ("", "say which client: make")])
def test_an_unknown_client_is_told_with_those_that_there_are(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["generate", "--", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"clients: {said}")
    assert line.endswith(", ".join(CLIENTS))


def test_a_toolchain_is_missing_by_its_first_missing_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "one").touch(mode=0o755)
    assert Toolchain("Numbers", ("one", "two"), "count").missing() == "two"
    (tmp_path / "two").touch(mode=0o755)
    assert Toolchain("Numbers", ("one", "two"), "count").missing() is None


def test_a_failure_is_told_by_its_first_error(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"^compiling failed: main.x:1: error: no$"):
        run(["sh", "-c", "echo '# main' >&2; echo 'main.x:1: error: no' >&2; exit 1"], tmp_path, "compiling")
    with pytest.raises(ClientError, match=r"^compiling failed: status 3$"):
        run(["sh", "-c", "exit 3"], tmp_path, "compiling")


PATCH = """
- {template: rust/model.mustache, find: one, replace: two}
- {template: rust/model.mustache, find: two!, replace: three}
- {template: rust/deep/api.mustache, find: here, replace: there}
"""


def templates(folder: Path, **texts: str) -> Path:
    """A generator's archive with these templates."""
    jar = folder / "generator.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for name, text in {"model": "one!", "deep/api": "here"}.items():
            archive.writestr(f"rust/{name}.mustache", texts.get(name, text))
    return jar


def test_templates_are_patched_one_after_another(tmp_path: Path) -> None:
    (tmp_path / "patches.yaml").write_text(PATCH, encoding="utf-8")
    patch_templates(tmp_path / "patches.yaml", tmp_path / "out", templates(tmp_path))
    assert (tmp_path / "out" / "model.mustache").read_text(encoding="utf-8") == "three"
    assert (tmp_path / "out" / "deep" / "api.mustache").read_text(encoding="utf-8") == "there"


@pytest.mark.parametrize("model", ["other", "one one"])
def test_a_generator_that_was_changed_where_it_is_patched_is_noticed(tmp_path: Path, model: str) -> None:
    (tmp_path / "patches.yaml").write_text(PATCH, encoding="utf-8")
    with pytest.raises(ClientError, match=r"'one' is not there once in rust/model\.mustache"):
        patch_templates(tmp_path / "patches.yaml", tmp_path / "out", templates(tmp_path, model=model))


def test_generators_are_installed_once_for_each_lock(tmp_path: Path) -> None:
    folder = tmp_path / "typescript"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    tools = tmp_path / "tools"
    place = tools / "client-typescript@44136fa355b3"
    place.mkdir(parents=True)
    (place / ".installed").touch()
    assert npm_tools("typescript", folder, tools) == place / "node_modules"
    lock = tmp_path / "generators.lock"
    lock.write_text("{}", encoding="utf-8")
    place = tools / "client-generators@44136fa355b3"
    place.mkdir()
    (place / ".installed").touch()
    assert python_tools(tools, lock) == place / "bin"
