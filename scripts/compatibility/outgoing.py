"""What changed in what the server sends by itself: webhooks and callbacks?

Here the server makes the request, so whoever receives it stands where a client stands with a response: a member that
may be missing from now on breaks them, a new one does not. That is how oasdiff is asked: each delivery is made into an
operation whose response holds the delivery's headers and body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import document as doc
from scripts.compatibility.changes import Change, Level
from scripts.compatibility.oasdiff import compared, without_response

_PATH = "/deliveries"


@dataclass(frozen=True)
class Delivery:
    """A request that the server sends: its name for people, and the operation that the document has for it."""

    kind: str
    name: str
    operation: Mapping[str, Any]
    of: tuple[str, str] | None = None
    """A callback's operation: path and method."""

    @property
    def label(self) -> str:
        """As a change says where it is."""
        return f"{self.kind} {self.name}"


def outgoing_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """Which deliveries came and went, and which answers a receiver may give to them."""
    before, after = deliveries(base), deliveries(revision)
    kept = {(operation.path, operation.method) for operation in doc.operations(revision)}
    for label, delivery in before.items():
        if label not in after:
            if delivery.of is None or delivery.of in kept:
                yield Change(f"{delivery.kind}-removed", Level.BREAKING, label, f"the {delivery.kind} was removed")
            continue
        old, new = (set(map(str, item.operation.get("responses", {}))) for item in (delivery, after[label]))
        for status in sorted(old - new):
            yield Change(
                "receiver-status-removed",
                Level.BREAKING,
                label,
                f"the answer `{status}` of a receiver is not named now",
            )
        for status in sorted(new - old):
            yield Change("receiver-status-added", Level.INFO, label, f"a receiver may answer `{status}`")
    for label, delivery in after.items():
        if label not in before:
            yield Change(f"{delivery.kind}-added", Level.INFO, label, f"the {delivery.kind} was added")


def delivery_changes(base: dict[str, Any], revision: dict[str, Any], command: Path) -> Iterator[Change]:
    """What oasdiff finds in the headers and bodies of deliveries. Raises `OasdiffError`."""
    kept = deliveries(revision).keys()
    labels = [label for label in deliveries(base) if label in kept]
    before, after = lifted(base, labels), lifted(revision, labels)
    if before == after:
        return
    for found in compared(before, after, command):
        index = found.get("path", "").removeprefix(f"{_PATH}/")
        if index.isdigit():
            text = without_response(found["text"])[0].replace("response", "delivery")
            yield Change(found["id"], Level(found["level"]), labels[int(index)], text)


def deliveries(document: dict[str, Any]) -> dict[str, Delivery]:
    """The webhooks and callbacks of a document, by their label."""
    found: list[Delivery] = []
    for name, item in (document.get("webhooks") or {}).items():
        found += [Delivery("webhook", title, operation) for title, operation in _named(document, name, item)]
    for operation in doc.operations(document):
        for name, callback in operation.value.get("callbacks", {}).items():
            of = (operation.path, operation.method)
            for expression, item in doc.resolved(document, callback).items():
                place = f"{name} of {operation.method.upper()} {operation.path} to {expression}"
                found += [Delivery("callback", title, value, of) for title, value in _named(document, place, item)]
    return {delivery.label: delivery for delivery in found}


def _named(document: dict[str, Any], name: str, item: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The operations of a path item; the method is part of the name where it is not POST."""
    value = doc.resolved(document, item)
    for method in doc.METHODS:
        if isinstance(value, dict) and isinstance(value.get(method), dict):
            yield (name if method == "post" else f"{name} ({method.upper()})"), value[method]


def lifted(document: dict[str, Any], labels: list[str]) -> dict[str, Any]:
    """A document whose operations answer what the deliveries of this one send."""
    own = deliveries(document)
    paths = {f"{_PATH}/{index}": {"post": _answering(document, own[label])} for index, label in enumerate(labels)}
    components = {
        name: value
        for name, value in (document.get("components") or {}).items()
        if name not in ("callbacks", "pathItems", "responses", "links")
    }
    return {
        "openapi": document.get("openapi", "3.1.0"),
        "info": {"title": "Deliveries", "version": "1.0.0"},
        "paths": paths,
        "components": components,
    }


def _answering(document: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    """Headers are members of the answer too, because oasdiff looks closer at members than at headers."""
    parameters = [doc.resolved(document, named) for named in delivery.operation.get("parameters", [])]
    headers: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for parameter in parameters:
        name = parameter["name"].lower() if parameter.get("in") == "header" else parameter["name"]
        headers["properties"][name] = parameter.get("schema", {})
        if parameter.get("required"):
            headers["required"].append(name)
    body = doc.resolved(document, delivery.operation.get("requestBody", {}))
    media_types = body.get("content") or {"application/json": {}}
    required = ["headers", "body"] if body.get("required") else ["headers"]
    return {
        "responses": {
            "200": {
                "description": "A delivery.",
                "content": {
                    name: {
                        "schema": {
                            "type": "object",
                            "required": required,
                            "properties": {"headers": headers, "body": media_type.get("schema", {})},
                        }
                    }
                    for name, media_type in media_types.items()
                },
            }
        }
    }
