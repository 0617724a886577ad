"""Does the README tell of every scenario of the mock, every setting of the suite, and only of commands that exist?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract_tests.harness.settings import Settings
from mock_server.scenarios import MAGIC_REPOSITORIES, SCENARIOS, WORDS
from scripts.clients.table import CLIENTS, Client

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_key_is_told(scenario: str) -> None:
    assert f"`csk_live_{scenario}…`" in README


@pytest.mark.parametrize("repository", MAGIC_REPOSITORIES)
def test_every_magic_repository_is_told(repository: str) -> None:
    assert f"`{repository}`" in README


@pytest.mark.parametrize("word", WORDS)
def test_every_steering_word_is_told(word: str) -> None:
    assert f"`[mock:{word}]`" in README


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_told_and_passed_on(name: str) -> None:
    assert f"`{name.upper()}`" in README
    assert re.search(rf"\b{name.upper()}\b", MAKEFILE)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_every_client_is_told_with_its_generator(client: Client) -> None:
    assert f"| `{client.name}` | {client.generator.name}" in README


def test_every_command_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    told = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", README, re.MULTILINE))
    assert told, "the README tells of no command"
    assert told <= targets, f"no such target: {told - targets}"
