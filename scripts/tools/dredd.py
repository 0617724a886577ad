"""What does Dredd say of a mock? It sends one request for each answer that the document describes."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.tools.ground import API_KEY, ground
from scripts.tools.tool import NothingSaid, Run, Tool, run_command
from scripts.verdict import ROOT

DOCUMENT = ROOT / "openapi" / "cospec.yaml"
HOOKS = Path(__file__).with_name("dredd_hooks.js")


def ask(run: Run) -> tuple[frozenset[str], int]:
    """Run it once, what creates first and what deletes last."""
    with ground(run.alterations) as place:
        things = {"RUN": place.created.get("createRun", ""), "WEBHOOK": place.created.get("createWebhook", "")}
        command = [run.command, str(DOCUMENT), place.url, "--hookfiles", str(HOOKS), "--sorted", "--no-color"]
        _, said = run_command([*command, "--loglevel", "error"], run, {"KEY": API_KEY, **things})
        if "complete:" not in said:
            raise NothingSaid(f"It did not come to an end: {said.strip().splitlines()[-1:]}")
        return findings(said), place.requests


def findings(said: str) -> frozenset[str]:
    """Each transaction that failed, with each thing that is wrong with the answer."""
    found: dict[str, set[str]] = {}
    name, reason = "", False
    for line in said.splitlines():
        if named := re.fullmatch(r"(?:fail|error): (.+) duration: .*", line):
            name = named[1]
            found.setdefault(name, set())
        reason = bool(line) and (reason or line.startswith("fail: "))
        if reason and name and (wrong := re.fullmatch(r"(?:fail: )?((?:headers|body|statusCode): .+)", line)):
            found[name].add(wrong[1])
    return frozenset(f"{name}: {wrong}" for name, each in found.items() for wrong in each or {"failed"})


DREDD = Tool(
    name="dredd",
    title="Dredd",
    command="dredd",
    get="npm install dredd@14.1.0",
    how="`dredd --sorted` with hooks that put in ids that exist and make the mock answer each status",
    ask=ask,
)
