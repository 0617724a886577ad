"""What does the reference tell that a renderer does not find by itself? The document, with it written into its words.

Limits, the catalogue of problems, the headers, and which facts are assumed become text and badges that every renderer
of OpenAPI shows. Leaves the page to `scripts.reference`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scripts import document as doc
from scripts.markup import cell, code

ASSUMED = "should"
"""The level of a source whose facts are assumptions."""
NUMBERS = ("x-rate-limit", "x-limits", "x-run-defaults", "x-sandbox-rates")
_VALUES = ("value", "example", "examples", "default")


def reference_document(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of the document that tells what its extensions say."""
    told = copy.deepcopy(document)
    sections = [_limits(document), _problems(document), _headers(document), _sources(document)]
    info = told["info"]
    info["description"] = "\n\n".join([str(info.get("description", "")).rstrip(), *sections]) + "\n"
    for operation in doc.operations(told):
        table = _codes(document, operation)
        if table:
            _append(told, operation.location, table)
    for location, member in assumptions(document):
        if len(location) > 1:  # else it is an extension of the document, which its section tells
            _tell_assumed(told, location, member)
    return told


def assumptions(document: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The elements that name a source which is an assumption, and by which member (`x-source`, `x-refusal-source`)."""
    assumed = {name for name, source in document.get("x-sources", {}).items() if source.get("level") == ASSUMED}
    yield from _named(document, (), assumed)


def _named(value: Any, location: tuple[str | int, ...], names: set[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        yield from ((location, member) for member in ("x-source", "x-refusal-source") if value.get(member) in names)
        for key, item in value.items():
            if key not in _VALUES:
                yield from _named(item, (*location, key), names)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named(item, (*location, index), names)


def _tell_assumed(told: dict[str, Any], location: tuple[str | int, ...], member: str) -> None:
    title = told["x-sources"][_at(told, location)[member]]["title"]
    if member == "x-refusal-source":
        _append(told, location, f"**Assumed** ({title}): that a value that breaks its schema is answered 400.")
    elif location[-2] == "content":  # a media type has no description
        _append(told, location[:-2], f"**Assumed** ({title}): the body.")
    else:
        _append(told, location, f"**Assumed**: {title}.")
    if member == "x-source" and _is_operation(location):
        _at(told, location)["x-badges"] = [{"name": "Assumed"}]


def _append(told: dict[str, Any], location: tuple[str | int, ...], text: str) -> None:
    """Add a paragraph to what an element says; beside a reference, to what the component says."""
    element = _at(told, location)
    said = element.get("description")
    if said is None and "$ref" in element:
        said = doc.resolved(told, element).get("description")
    if text not in (said or ""):
        element["description"] = f"{said.rstrip()}\n\n{text}" if said else text


def _limits(document: dict[str, Any]) -> str:
    lines = ["# Limits", "", "| | value | source |", "| --- | ---: | --- |"]
    for extension in NUMBERS:
        numbers = document.get(extension, {})
        for name, number in numbers.items():
            if name != "x-source":
                what = f"{_words(extension.removeprefix('x-'))}: {_words(name)}"
                lines.append(f"| {what} | {number} | {_source(document, numbers.get('x-source'))} |")
    return "\n".join(lines)


def _problems(document: dict[str, Any]) -> str:
    where: dict[str, list[str]] = {}
    for operation in doc.operations(document):
        for _, problem in _answered(document, operation):
            where.setdefault(problem, []).append(str(operation.value.get("operationId", operation.path)))
    total = len(list(doc.operations(document)))
    lines = ["# Problems", "", "| code | status | title | operations |", "| --- | --- | --- | --- |"]
    for problem, kind in document.get("x-problem-catalogue", {}).items():
        names = list(dict.fromkeys(where.get(problem, [])))
        told = "every operation" if len(names) == total else ", ".join(map(code, names)) or "none by itself"
        lines.append(f"| {code(problem)} | {kind['status']} | {cell(kind['title'])} | {told} |")
    return "\n".join(lines)


def _headers(document: dict[str, Any]) -> str:
    """Every header of a response, with the statuses that it comes with."""
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for operation in doc.operations(document):
        for status, named in operation.value.get("responses", {}).items():
            for name, header in doc.resolved(document, named).get("headers", {}).items():
                said = doc.resolved(document, header).get("description", "")
                found.setdefault(name, (said, {}))[1][status] = None
    every = {status for _, statuses in found.values() for status in statuses}
    lines = ["# Headers", "", "| header | with | |", "| --- | --- | --- |"]
    for name, (said, statuses) in found.items():
        told = "every response" if set(statuses) == every else ", ".join(sorted(statuses))
        lines.append(f"| {code(name)} | {told} | {cell(said)} |")
    return "\n".join(lines)


def _sources(document: dict[str, Any]) -> str:
    lines = ["# Sources", "", "A server *must* keep what is published, and *should* keep what is assumed.", ""]
    lines += ["| source | | level |", "| --- | --- | --- |"]
    for name, source in document.get("x-sources", {}).items():
        lines.append(f"| {code(name)} | {cell(source['title'])} | {source['level']} |")
    places = [f"- {_place(document, location, member)}" for location, member in assumptions(document)]
    if places:
        lines += ["", "# Assumptions", "", *dict.fromkeys(places)]
    return "\n".join(lines)


def _codes(document: dict[str, Any], operation: doc.OperationAt) -> str:
    catalogue = document.get("x-problem-catalogue", {})
    rows = [
        f"| {status} | {code(problem)} | {cell(catalogue.get(problem, {}).get('title', ''))} |"
        for status, problem in _answered(document, operation)
    ]
    return "\n".join(["| status | code | |", "| --- | --- | --- |", *rows]) if rows else ""


def _answered(document: dict[str, Any], operation: doc.OperationAt) -> Iterator[tuple[str, str]]:
    for status, response in operation.value.get("responses", {}).items():
        for problem in doc.problem_codes(document, doc.resolved(document, response)):
            yield str(status), problem


def _place(document: dict[str, Any], location: tuple[str | int, ...], member: str) -> str:
    """Where an assumption is, as a reader of the page would look it up."""
    keys = list(location)
    head = ""
    if len(keys) >= 3 and keys[0] == "paths":
        operation = _at(document, location[:3])
        head = str(operation.get("operationId", f"{str(keys[2]).upper()} {keys[1]}"))
        keys = keys[3:]
    elif keys[:1] == ["components"]:
        keys = keys[2:]
    names = []
    for index, key in enumerate(keys):
        value = _at(document, location[: len(location) - len(keys) + index + 1])
        label = value.get("name") if isinstance(value, Mapping) and isinstance(key, int) else None
        names.append(str(label or key))
    path = " / ".join(name for name in names if name not in ("properties", "content", "schema"))
    told = ", ".join(code(part) for part in (head, path) if part)
    return f"{told}: the refusal of other values" if member == "x-refusal-source" else told


def _source(document: dict[str, Any], name: Any) -> str:
    source = document.get("x-sources", {}).get(name, {})
    return cell(str(source.get("title", name))) + (" (**assumed**)" if source.get("level") == ASSUMED else "")


def _words(name: str) -> str:
    """`concurrentRuns` and `rate-limit` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("-", " ").lower()


def _is_operation(location: tuple[str | int, ...]) -> bool:
    return len(location) == 3 and location[0] == "paths" and location[2] in doc.METHODS


def _at(document: Any, location: tuple[str | int, ...]) -> Any:
    for key in location:
        document = document[key]
    return document
