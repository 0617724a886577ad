"""What do Specmatic's contract tests say of a mock? They are made from the document's examples and schemas."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import yaml

from scripts.tools.ground import API_KEY, ground
from scripts.tools.tool import NothingSaid, Run, Tool, run_command
from scripts.verdict import ROOT

DOCUMENT = ROOT / "openapi" / "cospec.yaml"
MOST_COMBINATIONS = 1
"""Of values and optional members, for each request; without a bound it sends more than 13,000 requests."""
CONFIGURATION: dict[str, Any] = {
    "version": 2,
    "contracts": [{"provides": ["cospec.yaml"]}],
    "test": {"resiliencyTests": {"enable": "all"}, "maxTestRequestCombinations": MOST_COMBINATIONS},
    "security": {"OpenAPI": {"securitySchemes": {"bearerAuth": {"type": "bearer", "token": API_KEY}}}},
}
"""Its configuration file: which tests it makes, negative ones too, and the key."""
PARAMETERS = {"RunId": "createRun", "TemplateIdOrSlug": "createTemplate", "WebhookId": "createWebhook"}
"""What each path parameter names, by the operation that creates it."""


def ask(run: Run) -> tuple[frozenset[str], int]:
    """Run its tests once, with ids that exist."""
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    with ground(run.alterations) as place:
        text = json.dumps(
            prepared(document, place.created)
        )  # as YAML it would have aliases, which Specmatic cannot take
        (run.directory / "cospec.yaml").write_text(text, encoding="utf-8")
        (run.directory / "specmatic.yaml").write_text(yaml.safe_dump(CONFIGURATION), encoding="utf-8")
        _, said = run_command([run.command, "test", f"--testBaseURL={place.url}"], run)
        if "Tests run:" not in said or "Specmatic Test Suite FAILED" in said:
            raise NothingSaid(f"It did not come to an end: {said.strip().splitlines()[-1:]}")
        return findings(said), place.requests


def prepared(document: dict[str, Any], created: dict[str, str]) -> dict[str, Any]:
    """The document with examples paired as Specmatic pairs them, and with ids that exist.

    It takes examples of a request and of an answer together when they have the same name.
    """
    changed = copy.deepcopy(document)
    shared = changed["components"]["parameters"]
    for name, operation_id in PARAMETERS.items():
        if operation_id in created:
            shared[name]["example"] = created[operation_id]
    for item in changed["paths"].values():
        for operation in item.values():
            names = _success_examples(operation)
            if names:
                operation["parameters"] = [_named(each, shared, names) for each in operation.get("parameters", [])]
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    content["examples"] = dict.fromkeys(names, next(iter(content["examples"].values())))
    return changed


def _success_examples(operation: dict[str, Any]) -> list[str]:
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    return [
        name for answer in answers for content in answer.get("content", {}).values() for name in content["examples"]
    ]


def _named(parameter: dict[str, Any], shared: dict[str, Any], names: list[str]) -> dict[str, Any]:
    own = dict(shared[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter)
    if own["in"] == "path":
        own["examples"] = {name: {"value": own.get("example")} for name in names}
        own.pop("example", None)
    return own


def findings(said: str) -> frozenset[str]:
    """Each kind of mismatch at each operation and status, whatever the place in a list."""
    _, _, unsuccessful = said.partition("Unsuccessful Scenarios")
    found: set[str] = set()
    for block in re.split(r"^ *API: ", unsuccessful, flags=re.MULTILINE)[1:]:
        name = block.partition("\n")[0].strip()
        mismatches = re.findall(r"^ *>> (\S+)$(.*?)(?=^ *>> |\Z)", block, re.MULTILINE | re.DOTALL)
        for where, what in mismatches:
            expected = re.search(r"^ *(Specification expected .*)$", what, re.MULTILINE)
            place = re.sub(r"\[[0-9]+]", "[*]", where)
            found.add(f"{name}: {place}: {expected[1]}" if expected else f"{name}: {place}")
        if not mismatches:
            found.add(name)
    return frozenset(found)


SPECMATIC = Tool(
    name="specmatic",
    title="Specmatic",
    command="specmatic",
    get="npm install specmatic@2.55.1, which needs Java 17",
    how="`specmatic test` with ids that exist as examples of path parameters, the key in its configuration, "
    "`resiliencyTests: all` and `maxTestRequestCombinations: 1`",
    ask=ask,
)
