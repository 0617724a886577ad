"""The problems that no other file comes across: what is not there, organizations that lack something, and servers that
fail.
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.extremes import LEAST
from contract_tests.harness.provoke import BEYOND_REACH, Difference, documenting
from contract_tests.harness.reading import answered, items
from contract_tests.harness.rules import Rule, not_checked, require, rule
from contract_tests.harness.session import NOTHING, Session
from contract_tests.harness.settings import PREFIX, Settings
from contract_tests.harness.unknown import names_nothing
from contract_tests.harness.world import PROMPT, World
from generated.contract import OPERATIONS, PROBLEMS, ProblemCode

ODD = Rule(
    "problems/odd-names-are-not-found",
    "assumed",
    "What cannot be an id or a slug names nothing: it is answered 404, with the code of its resource or NOT_FOUND.",
)
WITH_PATH = [operation_id for operation_id, operation in OPERATIONS.items() if "{" in operation.path]
ODD_NAMES = (
    ("getRun", "one/two"),
    ("getTemplate", "two words, one.dot\tand a tab"),
    ("deleteWebhook", "x" * 3000),
)
SURE_LENGTH = 8
"""A name of so many characters drawn anew surely names nothing."""
CHARACTERS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def _unlike(known: str, draw: random.Random) -> str:
    """A name of the same form as a known one, in the same characters, that names nothing."""
    ending = re.search(r"[A-Za-z0-9]*$", known)
    old = ending.group()[-12:] if ending else ""
    kinds = [next(kind for kind in CHARACTERS if one in kind) for one in old]
    new = "".join(draw.choice([other for other in old if other in kind]) for kind in kinds)
    if known.isdigit() or len(set(old)) < SURE_LENGTH / 2 or len(old) < SURE_LENGTH or new == old:
        return "1" + "".join(draw.choice(string.digits) for _ in range(9))
    return known[: len(known) - len(old)] + new


def _body(operation_id: str, session: Session) -> Any:
    """The smallest valid body of an operation that changes what a path names."""
    return NOTHING if session.document.request_body(operation_id) is None else {}


def _webhook_id(world: World) -> str:
    return next(iter(sorted(world.ledger.webhooks)), "") or str(world.new_webhook()["id"])


@pytest.mark.parametrize("operation_id", WITH_PATH)
def test_what_is_unknown_is_not_found(operation_id: str, session: Session, world: World, settings: Settings) -> None:
    """Each operation answers 404 for an id that looks like one and names nothing."""
    (name,) = (part for part in OPERATIONS[operation_id].path.split("/") if part.startswith("{"))
    path = OPERATIONS[operation_id].path
    if "/templates/" in path:
        known = world.template_to_read()
    else:
        known = _webhook_id(world) if "/webhooks/" in path else world.run_to_read()
    unknown = _unlike(known, random.Random(f"{settings.seed} {operation_id}"))
    body = _body(operation_id, session)
    exchange = session.call(operation_id, path={name.strip("{}"): unknown}, body=body)
    names_nothing(session, exchange)


@pytest.mark.parametrize(("operation_id", "name"), ODD_NAMES, ids=lambda value: value[:12])
def test_odd_names_are_not_found(operation_id: str, name: str, session: Session) -> None:
    """A path segment that cannot be an id names nothing."""
    (parameter,) = (one.name for one in session.document.parameters(operation_id) if one.location == "path")
    request = replace(session.build(operation_id, path={parameter: name}), on_the_line=True)
    exchange = session.send(request)
    codes = (*OPERATIONS[operation_id].problem_codes[404], ProblemCode.NOT_FOUND)
    right = exchange.status == 404 and exchange.code in codes
    answer = answered(exchange)
    shown = repr(name) if len(name) < 40 else f"{len(name)} characters"
    session.judge(ODD, [] if right else [f"{shown} as the name of a thing is answered {answer}"], exchange)


class Lacking:
    """Creates of runs by organizations that lack something."""

    def __init__(self, session: Session, world: World, *, is_brief: bool) -> None:
        """`is_brief`: nobody looks whether what was refused is there."""
        self._session, self._world, self._is_brief = session, world, is_brief

    def create(self, setting: str, provider: str) -> tuple[Exchange, str]:
        """Ask for a run with the key of a setting, and with the least values for all else. Returns the answer and a
        word that only its prompt has.
        """
        key = self.key(setting)
        word = self._world.fresh_name()
        body = self._world.run_body(
            template=self._world.system_slug(), prompt=f"{PROMPT} {word}", repo=self._world.repository_of(provider)
        )
        least = self._world.extremes.body("createRun", LEAST)
        return self._session.call("createRun", body={**least, **body}, key=key), word

    def key(self, setting: str) -> str:
        key: str | None = getattr(self._session.target, setting.removeprefix("api_"))
        return key or not_checked(f"because {PREFIX}{setting.upper()} is not set")

    def refused(self, setting: str, code: ProblemCode, provider: str = "github") -> None:
        """Hold the current rule to the refusal, and to that nothing was created."""
        exchange, word = self.create(setting, provider)
        answer = answered(exchange)
        right = exchange.status == PROBLEMS[code].status and exchange.code == code
        require(right, f"the create is answered {answer}, not {PROBLEMS[code].status} {code}", exchange)
        if self._is_brief:
            return
        listing = self._session.call("listRuns", query={"search": word}, key=self.key(setting))
        made = [run for run in items(listing) if word in str(run.get("prompt"))]
        require(not made, "the create was refused, but the run is there", listing)


@pytest.fixture(name="lacking", scope="session")
def _lacking(session: Session, world: World, settings: Settings) -> Lacking:
    return Lacking(session, world, is_brief=settings.plan.is_brief)


@rule("problems/credits-are-needed", source="overview")
def test_credits_are_needed(lacking: Lacking) -> None:
    """Without credits a create of a run is refused with USAGE_INSUFFICIENT_CREDITS and creates nothing."""
    lacking.refused("api_key_no_credits", ProblemCode.USAGE_INSUFFICIENT_CREDITS)


@rule("problems/anthropic-key-is-needed", source="overview")
def test_an_anthropic_key_is_needed(lacking: Lacking) -> None:
    """Without an Anthropic key a create of a run is refused with RUN_API_KEY_REQUIRED and creates nothing."""
    lacking.refused("api_key_no_anthropic", ProblemCode.RUN_API_KEY_REQUIRED)


@rule("problems/github-app-is-needed", source="overview")
def test_the_github_app_is_needed(lacking: Lacking) -> None:
    """Without the GitHub App a create of a run is refused with RUN_GITHUB_APP_NOT_INSTALLED and creates nothing."""
    lacking.refused("api_key_no_github_app", ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED)


@rule("problems/git-provider-is-needed", source="overview")
def test_a_git_provider_is_needed(lacking: Lacking) -> None:
    """Without a git provider a create of a run is refused with RUN_GIT_PROVIDER_NOT_INSTALLED and creates nothing."""
    lacking.refused("api_key_no_git_provider", ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED, provider="gitlab")


def _provoked() -> list[Any]:
    """What no ordinary request is sure to provoke, each as a rule; assumed where an operation's answer is."""
    document, cases = Document(), []
    for name in BEYOND_REACH:
        places = [document.response(operation.operation_id, status) for operation, status in documenting(name)]
        sources = {document.source_at(place) for place in places if place is not None}
        source = "assumed" if sources == {"assumed"} else "overview"
        sentence = f"A server that is made to answer {name} does so with every operation that documents it."
        mark = pytest.mark.rule(Rule(f"problems/{name.lower().replace('_', '-')}-where-documented", source, sentence))
        cases.append(pytest.param(name, id=name, marks=mark))
    return cases


@pytest.mark.parametrize("name", _provoked())
def test_what_must_be_provoked(name: str, session: Session, world: World, settings: Settings) -> None:
    """What a server can be made to answer it answers with the documented status and code, everywhere."""
    difference = settings.provocations.problems.get(name)
    if difference is None:
        not_checked(f"because {PREFIX}PROVOKE does not tell how to make the server answer {name}")
    world.make_room()
    for operation, status in documenting(name):
        request = _request(operation.operation_id, difference, session, world)
        exchange = session.send(replace(request, provokes=status))
        if exchange.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED:
            not_checked("because others leave no room for a run")
        answer = answered(exchange)
        coded = exchange.code == name or name not in ProblemCode.__members__
        require(exchange.status == status and coded, f"made to answer {name}, it answers {answer}", exchange)


def _request(operation_id: str, difference: Difference, session: Session, world: World) -> Request:
    """An ordinary request with a difference. What it names in its path is not there, so that it can do no harm."""
    parameters = session.document.parameters(operation_id)
    path = {parameter.name: world.fresh_name() for parameter in parameters if parameter.location == "path"}
    body: Any = NOTHING
    if session.document.request_body(operation_id) is not None:
        body = world.fitted(operation_id, world.trials.fullest_example(operation_id))
        body = {**(world.run_body() if operation_id == "createRun" else body), **difference.body}
    key = difference.key.get_secret_value() if difference.key else None
    return replace(session.build(operation_id, path=path, body=body, key=key), headers=difference.headers)
