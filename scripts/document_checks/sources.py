"""Does every fact say where it comes from, and do the document's own tables agree with its schemas?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scripts.document_checks.contract import Contract, Finding


def check_sources(contract: Contract) -> Iterator[Finding]:
    """Each source has a title and a level, and somebody names it."""
    text = {node.value.get("x-source") for node in contract.nodes if isinstance(node.value, dict)}
    for name, source in contract.value["x-sources"].items():
        where = ("x-sources", name)
        if source.keys() != {"title", "level"} or not isinstance(source.get("title"), str):
            yield Finding(where, "has not exactly a title and a level")
        if source.get("level") not in ("must", "should"):
            yield Finding(where, f"the level {source.get('level')!r} is neither must nor should")
        if name not in text:
            yield Finding(where, "is the source of nothing")


def check_source_names(contract: Contract) -> Iterator[Finding]:
    """Every x-source and x-refusal-source names an entry of x-sources."""
    for location, value in _holders(contract.value, ()):
        if value not in contract.value["x-sources"]:
            yield Finding(location, f"{value!r} is not in x-sources")


def check_sources_given(contract: Contract) -> Iterator[Finding]:
    """Every operation, every success and every component that states a fact says its source."""
    for node in contract.of_kind("Operation"):
        if "x-source" not in node.value:
            yield Finding(node.location, "does not say its source")
    for response in contract.responses:
        if response.is_success and "x-source" not in response.value:
            yield Finding(response.location, "does not say its source")
    for kind in ("schemas", "parameters", "headers", "responses"):
        for name, component in contract.components(kind).items():
            if isinstance(component, dict) and "x-source" not in component:
                yield Finding(("components", kind, name), "does not say its source")
    for name in ("x-rate-limit", "x-limits", "x-run-defaults", "x-sandbox-rates"):
        if "x-source" not in contract.value.get(name, {}):
            yield Finding((name,), "is missing or does not say its source")


def check_limits(contract: Contract) -> Iterator[Finding]:
    """The numbers of x-rate-limit and x-limits are there, whole and above 0."""
    for name, members in (
        ("x-rate-limit", {"requests", "windowSeconds"}),
        ("x-limits", {"concurrentRuns", "webhooks"}),
    ):
        numbers = {key: value for key, value in contract.value[name].items() if key != "x-source"}
        if numbers.keys() != members:
            yield Finding((name,), f"has not exactly {', '.join(sorted(members))}")
        for key, value in numbers.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                yield Finding((name, key), f"{value!r} is no number of things")


def check_webhook_limit(contract: Contract) -> Iterator[Finding]:
    """The title of WEBHOOK_LIMIT_EXCEEDED says the number of x-limits."""
    title = contract.catalogue["WEBHOOK_LIMIT_EXCEEDED"].get("title")
    if re.findall(r"\d+", str(title)) != [str(contract.value["x-limits"].get("webhooks"))]:
        yield Finding(("x-problem-catalogue", "WEBHOOK_LIMIT_EXCEEDED"), "says another number than x-limits")


def check_run_defaults(contract: Contract) -> Iterator[Finding]:
    """x-run-defaults sets every guardrail of a run, within the bounds that a request keeps."""
    defaults = {key: value for key, value in contract.value["x-run-defaults"].items() if key != "x-source"}
    for schema in ("RunGuardrails", "ResolvedGuardrails"):
        for error in contract.validator(("components", "schemas", schema)).iter_errors(defaults):
            yield Finding(("x-run-defaults",), f"{schema}: {error.message}")
    if defaults.keys() != contract.components("schemas")["RunGuardrails"]["properties"].keys():
        yield Finding(("x-run-defaults",), "has not exactly the members of RunGuardrails")


def check_sandbox_rates(contract: Contract) -> Iterator[Finding]:
    """x-sandbox-rates has a rate above 0 for each size, and SandboxSize's description says the same."""
    rates = {key: value for key, value in contract.value["x-sandbox-rates"].items() if key != "x-source"}
    size = contract.components("schemas")["SandboxSize"]
    if list(rates) != size["enum"]:
        yield Finding(("x-sandbox-rates",), f"has not exactly the sizes {', '.join(size['enum'])}")
    for key, value in rates.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            yield Finding(("x-sandbox-rates", key), f"{value!r} is no rate")
        elif f"{value:g}" not in re.findall(r"\d+(?:\.\d+)?", size["description"]):
            yield Finding(("components", "schemas", "SandboxSize", "description"), f"does not say the rate {value:g}")


def check_byte_bounds(contract: Contract) -> Iterator[Finding]:
    """x-max-json-bytes is a number of bytes on an object or an array."""
    for node in contract.of_kind("Schema"):
        value = node.value.get("x-max-json-bytes", 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield Finding((*node.location, "x-max-json-bytes"), f"{value!r} is no number of bytes")


def _holders(value: Any, location: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key in ("x-source", "x-refusal-source"):
                yield (*location, key), member
            elif key not in ("value", "example", "default"):
                yield from _holders(member, (*location, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _holders(item, (*location, index))
