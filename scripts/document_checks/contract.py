"""What do the checks ask of the document? The document as they see it, and what they answer with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from scripts import document as doc
from scripts.document_checks.objects import Location, Node, walk

_URI = "urn:document"


@dataclass(frozen=True)
class Finding:
    """A defect of the document: where, and what is wrong in one line."""

    location: Location
    message: str
    check: str = ""
    """The name of the function that found it."""

    def __str__(self) -> str:
        return f"{doc.pointer(self.location)}: {self.message} [{self.check}]"


@dataclass(frozen=True)
class ResponseAt:
    """A response of an operation under `paths`, its reference followed."""

    operation: doc.OperationAt
    status: str
    location: Location
    """Where the operation names it, whether it stands there or is referred to."""
    value: Mapping[str, Any]

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status.startswith("2")


class Contract:
    """The document with the questions that more than one check asks. Lookups that lead nowhere raise `KeyError`."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self._validators: dict[Location, jsonschema_rs.Validator] = {}

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every object of the document."""
        return tuple(walk(self.value))

    def of_kind(self, kind: str) -> Iterator[Node]:
        """The objects of one kind that are mappings (a schema may also be a boolean), references left out."""
        return (node for node in self.nodes if node.kind == kind and isinstance(node.value, dict))

    @cached_property
    def operations(self) -> tuple[doc.OperationAt, ...]:
        """The operations under `paths`."""
        return tuple(doc.operations(self.value))

    @cached_property
    def responses(self) -> tuple[ResponseAt, ...]:
        """The responses of the operations under `paths`."""
        return tuple(
            ResponseAt(operation, status, (*operation.location, "responses", status), self.resolved(response))
            for operation in self.operations
            for status, response in operation.value.get("responses", {}).items()
        )

    @cached_property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """`x-problem-catalogue`."""
        catalogue: Mapping[str, Mapping[str, Any]] = self.value["x-problem-catalogue"]
        return catalogue

    def components(self, kind: str) -> Mapping[str, Any]:
        """The components of one kind, by name: `components("schemas")`."""
        components: Mapping[str, Any] = self.value.get("components", {}).get(kind, {})
        return components

    def resolved(self, value: Any) -> Any:
        """`value`, or what its reference leads to."""
        return doc.resolved(self.value, value)

    def parameters(self, operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The parameters of an operation, references followed."""
        return [self.resolved(parameter) for parameter in operation.get("parameters", [])]

    def at(self, location: Location) -> Any:
        """The value at a location."""
        return doc.lookup(self.value, doc.pointer(location))

    def validator(self, location: Location) -> jsonschema_rs.Validator:
        """A validator of the schema at a location, formats included."""
        if location not in self._validators:
            schema = {"$ref": f"{_URI}#{quote(doc.pointer(location)[1:])}"}
            self._validators[location] = jsonschema_rs.validator_for(
                schema, registry=self._registry, validate_formats=True
            )
        return self._validators[location]

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(_URI, dict(self.value))], draft=jsonschema_rs.Draft202012)

    def applied(self, schema: Any) -> list[Mapping[str, Any]]:
        """The schema with every schema that any valid value must fit too: behind `$ref` and in `allOf`."""
        found: list[Mapping[str, Any]] = []
        pending = [schema]
        while pending:
            current = pending.pop()
            if isinstance(current, dict) and not any(current is known for known in found):
                found.append(current)
                if "$ref" in current:
                    pending.append(doc.lookup(self.value, current["$ref"]))
                pending.extend(current.get("allOf", []))
        return found

    def context(self, location: Location) -> list[Mapping[str, Any]]:
        """What applies to the same value as the schema at `location`, the schemas that it is a part of included."""
        schemas = self.applied(self.at(location))
        while (outer := enclosing(location)) is not None:
            location = outer
            schemas += self.applied(self.at(location))
        return schemas

    def properties(self, schema: Any) -> dict[str, Any]:
        """The members that a schema names, also in the branches that apply to some values only."""
        found: dict[str, Any] = {}
        for part in self.applied(schema):
            found |= part.get("properties", {})
            branches = [*part.get("oneOf", []), *part.get("anyOf", []), part.get("then"), part.get("else")]
            branches += part.get("dependentSchemas", {}).values()
            for branch in branches:
                found = self.properties(branch) | found
        return found


def enclosing(location: Location) -> Location | None:
    """Where the schema stands that the one at `location` is a part of, speaking of the same value; else None."""
    if len(location) > 1 and location[-1] in ("not", "if", "then", "else"):
        return location[:-1]
    if len(location) > 2 and location[-2] in ("allOf", "anyOf", "oneOf") and isinstance(location[-1], int):
        return location[:-2]
    if len(location) > 2 and location[-2] == "dependentSchemas" and location[-3] != "properties":
        return location[:-2]
    return None


def is_refinement(location: Location) -> bool:
    """Whether the schema only narrows or tests what another says: below `not`, `if`, `then`, `else`, `allOf` or
    `dependentSchemas`.

    A property named like one of these does not count.
    """
    return any(
        key in ("not", "if", "then", "else", "allOf", "dependentSchemas")
        and (index == 0 or location[index - 1] != "properties")
        for index, key in enumerate(location)
    )
