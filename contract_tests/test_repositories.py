"""Repositories: what is listed can be worked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import answered, items, listed, members, shown
from contract_tests.harness.rules import hindered, not_checked, require, rule
from contract_tests.harness.world import REPOSITORIES_OF_THE_NODE, World
from generated.contract import ProblemCode

REFUSALS_OF_REPOSITORIES = (
    ProblemCode.REPOSITORY_NOT_FOUND,
    ProblemCode.VALIDATION_FAILED,
    ProblemCode.BAD_REQUEST,
    ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED,
    ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED,
)


class Repositories:
    """The list as the official n8n node asks for it, and runs in repositories of it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self) -> Exchange:
        return self._world.repository_list()

    def run_by_name(self) -> Exchange:
        """The answer to a create of a run in the last repository."""
        return self._world.first_run()

    @gathered
    def run_by_url(self) -> Exchange:
        """The answer to a create of a run in a repository on GitHub that is named by its URL."""
        names = [item.get("fullName") for item in items(self.list()) if item.get("provider") == "github"]
        if not names:
            not_checked("because no repository is said to be on GitHub")
        return self._world.create_run(self._world.run_body(repo=f"https://github.com/{names[0]}"))


@pytest.fixture(name="repositories", scope="session")
def _repositories(world: World) -> Repositories:
    return Repositories(world)


def _name(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item.get("provider"), item.get("fullName")


@rule("repositories/listed-for-the-node", source="node")
def test_the_list_is_as_the_node_asks_for_it(repositories: Repositories) -> None:
    """The list takes limit=100, as the official n8n node sends it, and then holds up to so many repositories."""
    exchange = repositories.list()
    require(exchange.succeeded, f"limit=100 is answered {answered(exchange)}", exchange)
    total = members(members(exchange.json).get("pagination")).get("total")
    count = len(items(exchange))
    if isinstance(total, int) and not isinstance(total, bool):
        expected = min(total, REPOSITORIES_OF_THE_NODE)
        require(count == expected, f"of {total} repositories {count} are listed, not {expected}", exchange)


@rule("repositories/listed-once", source="assumed")
def test_a_repository_is_listed_once(repositories: Repositories) -> None:
    """Each repository of a provider is listed once, by its full name."""
    counts = Counter(_name(item) for item in items(repositories.list()))
    twice = [f"{shown(name)} is listed {count} times" for (_, name), count in counts.items() if count > 1]
    require(not twice, listed(twice), repositories.list())


def _is_accepted(answer: Exchange, words: str) -> None:
    refused = answer.code in REFUSALS_OF_REPOSITORIES
    require(not refused, f"a repository {words} is refused with {answer.status} {answer.code}", answer)
    if not answer.succeeded:
        hindered(f"because no run could be started: {answer.summary()[:200]}")


@rule("repositories/listed-can-be-worked-on", source="node")
def test_a_listed_repository_can_be_worked_on(repositories: Repositories) -> None:
    """A run can be started in a repository that is listed, named as it is listed."""
    _is_accepted(repositories.run_by_name(), "named as it is listed")


@rule("repositories/url-names-it-too", source="reference")
def test_a_url_names_a_repository_too(repositories: Repositories) -> None:
    """A run can be started in a listed repository that is named by its full URL."""
    _is_accepted(repositories.run_by_url(), "named by its full URL")
