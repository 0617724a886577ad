"""Is every client pinned, told about, and tried where it can be?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts import document as doc
from scripts.clients.making import readme
from scripts.clients.table import CLIENTS, Client
from scripts.clients.tools import FILES, LOCK
from scripts.clients.trial import BUILDERS, SCENARIOS, STEPS

ALL = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
TRIED = [client for client in CLIENTS.values() if client.builds_with is not None]
SUBJECTS = ["Null and left out.", "Problems.", "Headers.", "What is new in the API."]


def test_the_languages_are_those_that_were_asked_for() -> None:
    assert {client.language for client in CLIENTS.values()} == {"TypeScript", "Python", "Go", "Java", "Rust", "C#"}
    assert {client.language for client in CLIENTS.values()} - {client.language for client in TRIED} == {"C#"}


@ALL
def test_a_client_is_made_by_one_version_of_its_generator(client: Client) -> None:
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", client.generator.version)


@ALL
def test_the_readme_tells_what_each_language_does_in_its_own_way(client: Client) -> None:
    text = readme(client, "1.2.3")
    assert text.startswith(f"# The coSPEC API for {client.language}\n")
    assert re.findall(r"^- \*\*(.+?)\*\*", text, re.MULTILINE) == SUBJECTS
    assert "```" in text
    made_by = (
        f"The package is `{client.package}`, made by {client.generator.name} {client.generator.version} from version"
    )
    assert made_by in text.splitlines()[-1]


@pytest.mark.parametrize("client", TRIED, ids=[client.name for client in TRIED])
def test_a_scenario_has_every_step(client: Client) -> None:
    assert client.name in BUILDERS
    sources = [
        path
        for path in (SCENARIOS / client.name).rglob("*")
        if path.is_file() and path.suffix not in (".json", ".toml")
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    for step in STEPS:
        assert f'"{step.removeprefix("problem ")}"' in text or f'"{step}"' in text, step


def test_the_locks_name_no_host() -> None:
    lock = LOCK.read_text(encoding="utf-8")
    assert "://" not in lock
    for entry in re.split(r"\n(?=[a-z])", lock.strip()):
        assert re.match(r"[a-z0-9-]+==[^\s]+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_the_npm_lock_is_whole_and_names_no_host() -> None:
    folder = FILES / "typescript" / "beside"
    manifest, lock = (json.loads(_text(folder / name)) for name in ("package.json", "package-lock.json"))
    wanted = manifest["dependencies"] | manifest["devDependencies"]
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")


def test_the_packages_have_the_contracts_version() -> None:
    version = doc.load()["info"]["version"]
    assert json.loads(_text(FILES / "typescript" / "beside" / "package.json"))["version"] == version
    for path in FILES.glob("*/config.yaml"):
        said = re.findall(r"(?i)version(?:_override)?: (.+)", _text(path))
        assert set(said) <= {version}, path


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
