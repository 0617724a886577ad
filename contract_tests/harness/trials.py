"""Each constraint of a request from both sides, read from the document: what a server must accept and must refuse.

The valid sides of many constraints share a request; the invalid sides get one each, so that a refusal is a refusal of
just that. What is tried is plainly valid or plainly invalid: where the published texts do not draw a line (null for a
member that may be left out, numbers in quotes, odd but legal URLs) nothing is tried.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from contract_tests.harness.document import Document, Parameter, SchemaError, dotted
from generated.contract import OPERATIONS, SOURCES

Path = tuple[str | int, ...]

_ASSUMED = "assumed"
_NOT_OF_TYPE = {
    "string": {"not": "a string"},
    "integer": 1.5,
    "number": "much",
    "array": "no list",
    "object": "no object",
    "boolean": "perhaps",
}
_NO_OBJECTS: tuple[Any, ...] = ("no object", [], 7, [{}])
"""What stands in the place of a body, of each operation something else."""
_READ_TO_THE_END = ("page", "offset", "limit")
"""Their greatest values are for `test_pagination.py`: what lies past the end is answered as nothing published tells."""
_WELL_BELOW = 0.75
"""Such a part of a greatest length in bytes is plainly not too long."""
_QUERY_NOT_OF_TYPE = {"integer": "many", "number": "much", "boolean": "perhaps"}


_TELLING_REQUESTS = 3
"""In so many requests of an operation goes what tells most."""
_TELLS_LITTLE = ("is of type", "is not null")
"""Constraints that servers rarely get wrong: whatever reads a body into types keeps them."""
_TELLS_MOST = ("is of the form", "is one of", "has at most", "is at most", "has at least", "is at least")
"""How others begin, those first that servers get wrong most."""


@dataclass(frozen=True)
class Constraint:
    """One sentence of the document about one value of a request."""

    operation_id: str
    location: str
    """`body` or `query`."""
    path: Path
    words: str
    source: str

    @property
    def level(self) -> str:
        return SOURCES[self.source].level

    def __str__(self) -> str:
        return f"{dotted(self.path) or 'the body'} {self.words}"


@dataclass(frozen=True)
class Violation:
    """A value that breaks one constraint and nothing else. `REMOVED` in place of a value leaves the member out."""

    constraint: Constraint
    value: Any


class _Removed:
    def __repr__(self) -> str:
        return "(left out)"


REMOVED = _Removed()


class Trials:
    """What is worth trying on the operations of a document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def takes_body(self, operation_id: str) -> bool:
        """Whether an operation has a body."""
        return self._document.request_body(operation_id) is not None

    # The invalid side

    def violations(self, operation_id: str) -> Iterator[Violation]:
        """Every way to break one constraint of the operation's query parameters and of its body."""
        for parameter in self._document.parameters(operation_id):
            if parameter.location == "query":
                yield from self._query_violations(operation_id, parameter)
        schema = self._document.request_body(operation_id)
        if schema is not None:
            for path, words, source, value in self._violations(schema, (), self.fullest_example(operation_id)):
                is_body = not path and value == _NOT_OF_TYPE["object"]
                wrong = _NO_OBJECTS[list(OPERATIONS).index(operation_id) % len(_NO_OBJECTS)] if is_body else value
                yield Violation(Constraint(operation_id, "body", path, words, source), wrong)

    def telling_violations(self, operation_id: str) -> list[Violation]:
        """Those that tell most, for few requests: of forms, lists of values and bounds, not of types. There are as many
        requests as hold something that no operation before has, if any.
        """
        earlier = {
            _sentence(violation)
            for other in takewhile(lambda other: other != operation_id, OPERATIONS)
            for violation in self.violations(other)
        }
        telling = [one for one in self.violations(operation_id) if not one.constraint.words.startswith(_TELLS_LITTLE)]
        groups = side_by_side(sorted(telling, key=_rank))
        new = [group for group in groups if any(_sentence(violation) not in earlier for violation in group)]
        count = min(max(len(new), 1), _TELLING_REQUESTS)
        return [violation for group in groups[:count] for violation in group]

    def _query_violations(self, operation_id: str, parameter: Parameter) -> Iterator[Violation]:
        schema = parameter.schema
        if parameter.is_list:
            schema = self._resolved(schema["items"])

        def violation(words: str, value: Any) -> Violation:
            return Violation(
                Constraint(operation_id, "query", (parameter.name,), words, parameter.refusal_source), value
            )

        kind = schema.get("type")
        if kind in _QUERY_NOT_OF_TYPE:
            yield violation(f"is of type {kind}", _QUERY_NOT_OF_TYPE[kind])
        for words, value in _outside(schema, example=""):
            yield violation(words, value)

    def _violations(self, pointer: tuple[str, ...], path: Path, example: Any) -> Iterator[tuple[Path, str, str, Any]]:
        """Yield path, words, source and value of everything that breaks one sentence of the schema at a pointer."""
        nodes = list(self._nodes(pointer))
        source = self._document.source_at(nodes[0][0])
        kinds = {kind for _, node in nodes for kind in _kinds(node)}
        kind = next(iter(kinds - {"null"}), "")
        # A wrong type is no value of an enumeration either, and that is tried anyway.
        if kind in _NOT_OF_TYPE and not any("enum" in node for _, node in nodes):
            least = max((node["minimum"] for _, node in nodes if kind == "integer" and "minimum" in node), default=1)
            wrong = least + 0.5 if kind == "integer" else _NOT_OF_TYPE[kind]
            yield path, f"is of type {kind}", source, wrong
        for place, node in nodes:
            source = self._document.source_at(place)
            for words, value in _outside(node, example):
                yield path, words, source, value
            for name in node.get("required", ()):
                owner = node.get("properties", {}).get(name, {})
                where = owner.get("x-source", source)
                yield (*path, name), "is required", where, REMOVED
                yield (*path, name), "is not null", where, None
            for name in node.get("properties", {}):
                inner = example.get(name) if isinstance(example, dict) else None
                yield from self._violations((*place, "properties", name), (*path, name), inner)
            if "items" in node and isinstance(example, list) and example:
                wrong_items = self._violations((*place, "items"), (), example[0])
                # Each in a place of its own, so that one request has room for all of them.
                for index, (_, words, inner_source, value) in enumerate(wrong_items):
                    yield (*path, index), words, inner_source, value
            if isinstance(node.get("additionalProperties"), dict):
                yield (*path, "WRONG"), "is a string", source, _NOT_OF_TYPE["string"]

    # The valid side

    def valid_queries(self, operation_id: str) -> list[dict[str, str | int]]:
        """Few queries that hold every plainly valid extreme of the operation's query parameters."""
        extremes: list[tuple[str, list[Any]]] = []
        for parameter in self._document.parameters(operation_id):
            if parameter.location != "query":
                continue
            schema = self._resolved(parameter.schema["items"]) if parameter.is_list else parameter.schema
            values = [value for value in _inside(schema, parameter.example or "a") if value != ""]
            if parameter.name in _READ_TO_THE_END:
                values = values[:1]
            if parameter.is_list:
                values = [",".join(map(str, values)), values[0]]
            if schema.get("format") == "date-time":
                values = ["2026-03-01T00:00:00Z"]
            extremes.append((parameter.name, values))
        count = max((len(values) for _, values in extremes), default=0)
        return [{name: values[turn % len(values)] for name, values in extremes if values} for turn in range(count)]

    def valid_bodies(self, operation_id: str, pinned: Sequence[str]) -> list[Any]:
        """Few bodies that hold every plainly valid extreme of the operation's body: first the smallest body, with what
        is assumed at its greatest. What is assumed is in no body with the other extremes.

        Members named in `pinned` are left as the example has them.
        """
        schema = self._document.request_body(operation_id)
        if schema is None:
            return []
        example = self.fullest_example(operation_id)
        extremes: dict[Path, list[Any]] = {}
        assumed: dict[Path, list[Any]] = {}
        required: list[str] = []
        for place, node in self._nodes(schema):
            required += node.get("required", ())
            for name in node.get("properties", {}):
                if name not in pinned:
                    self._extremes((*place, "properties", name), (name,), example.get(name), extremes, assumed)
        smallest = {name: example[name] for name in required}
        for path in assumed:
            put(example, path, REMOVED)
        return [
            _with_each(smallest, assumed, turn=-1),
            *(_with_each(example, extremes, turn) for turn in range(_most(extremes))),
            *(_with_each(smallest, assumed, turn) for turn in range(_most(assumed) - 1)),
        ]

    def _extremes(
        self,
        pointer: tuple[str, ...],
        path: Path,
        example: Any,
        found: dict[Path, list[Any]],
        assumed: dict[Path, list[Any]],
    ) -> None:
        if self._document.source_at(pointer) == _ASSUMED:
            found = assumed
        for place, node in self._nodes(pointer):
            values = list(_inside(node, example))
            if any(choice.get("type") == "null" for choice in node.get("oneOf", ())):
                values.append(None)
            if values:
                found.setdefault(path, []).extend(values)
            for name in node.get("properties", {}):
                inner = example.get(name) if isinstance(example, dict) else None
                self._extremes((*place, "properties", name), (*path, name), inner, found, assumed)

    def nulls(self, operation_id: str) -> Any | None:
        """The smallest body with null for each member that may be left out; None for no such member.

        Whether null is taken for a member that is left out is for the server to say; it is no reason to fail.
        """
        schema = self._document.request_body(operation_id)
        nodes = [node for _, node in self._nodes(schema)] if schema is not None else []
        required = [name for node in nodes for name in node.get("required", ())]
        optional = [name for node in nodes for name in node.get("properties", {}) if name not in required]
        example = self.fullest_example(operation_id) if optional else {}
        return {**{name: example[name] for name in required}, **dict.fromkeys(optional)} if optional else None

    # The schemas

    def fullest_example(self, operation_id: str) -> Any:
        """The document's example with the most members."""
        return copy.deepcopy(max(self._document.request_examples(operation_id).values(), key=_size))

    def _nodes(self, pointer: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """The schemas that hold together at a pointer: references followed, `allOf` and nullable `oneOf` opened."""
        pointer = self._document.resolve(pointer)
        node = self._document.at(pointer)
        yield pointer, node
        for index in range(len(node.get("allOf", ()))):
            yield from self._nodes((*pointer, "allOf", str(index)))
        choices = node.get("oneOf", ())
        meant = [index for index, choice in enumerate(choices) if choice.get("type") != "null"]
        if len(meant) == 1:
            yield from self._nodes((*pointer, "oneOf", str(meant[0])))

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = self._document.at(tuple(node["$ref"].removeprefix("#/").split("/")))
        return node


def _kinds(node: dict[str, Any]) -> list[str]:
    kinds = node.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_size, value.values()))
    return 0


def _step(node: dict[str, Any]) -> int | float:
    return 1 if "integer" in _kinds(node) else 0.01


def _outside(node: dict[str, Any], example: Any) -> Iterator[tuple[str, Any]]:
    """What lies just outside the bounds of a schema, or plainly outside where it has no edge."""
    if "enum" in node:
        yield f"is one of {', '.join(map(str, node['enum']))}", "no-such-value"
    if "minimum" in node:
        yield f"is at least {node['minimum']}", node["minimum"] - _step(node)
    if "maximum" in node:
        yield f"is at most {node['maximum']}", node["maximum"] + _step(node)
    if node.get("minLength"):
        yield f"has at least {node['minLength']} characters", "a" * (node["minLength"] - 1)
    if "maxLength" in node:
        yield f"has at most {node['maxLength']} characters", _padded(example, node["maxLength"] + 1)
    if node.get("minItems"):
        yield f"has at least {node['minItems']} items", _repeated(example, node["minItems"] - 1)
    if "maxItems" in node:
        yield f"has at most {node['maxItems']} items", _repeated(example, node["maxItems"] + 1)
    if "maxProperties" in node:
        yield f"has at most {node['maxProperties']} members", _map_of(node["maxProperties"] + 1, 0)
    if "x-max-json-bytes" in node:
        yield f"has at most {node['x-max-json-bytes']} bytes", {"long": "x" * 2 * node["x-max-json-bytes"]}
    for value in node.get("x-refused", ()):
        yield "is of the form that its schema says", value


def _inside(node: dict[str, Any], example: Any) -> Iterator[Any]:
    """What lies on the inner edge of the bounds of a schema."""
    yield from node.get("enum", ())
    if "minimum" in node:
        yield node["minimum"]
    if "maximum" in node:
        yield node["maximum"]
    if node.get("minLength") and isinstance(example, str):
        yield _padded(example, node["minLength"])
    if "maxLength" in node and isinstance(example, str):
        # A length is one of characters, not of bytes.
        yield _padded(example, node["maxLength"], "a" if {"pattern", "format"} & node.keys() else "é")
    if "maxLength" in node and not node.get("minLength") and "format" not in node:
        yield ""
    if node.get("minItems") and isinstance(example, list):
        yield _repeated(example, node["minItems"])
    elif "maxItems" in node:
        yield []
    if "maxItems" in node and isinstance(example, list):
        yield _repeated(example, node["maxItems"])
    if "maxProperties" in node:
        yield _map_of(node["maxProperties"], _WELL_BELOW * node.get("x-max-json-bytes", 0))
    elif isinstance(node.get("additionalProperties"), dict):
        yield from ({}, {"EMPTY": ""})
    if "null" in _kinds(node):
        yield None


def _padded(example: Any, length: int, filling: str = "a") -> str:
    text = example if isinstance(example, str) and example else "a"
    if "://" in text and length > len(text):
        return f"{text}/".ljust(length, "a")
    return text[:length].rstrip("-. ").ljust(length, filling)


def _repeated(example: Any, count: int) -> list[Any]:
    if not isinstance(example, list) or not example:
        return []
    first = str(example[0]).removeprefix("*.")
    return list(example[:count]) if count <= len(example) else [f"h{index}.{first}" for index in range(count)]


def _map_of(count: int, json_bytes: float) -> dict[str, str]:
    """So many members, as long together as is asked for."""
    members = {f"name{index}": "value" for index in range(count)}
    missing = int(json_bytes - len(json.dumps(members))) // count
    return {name: value.ljust(len(value) + missing, "e") for name, value in members.items()}


def put(body: Any, path: Path, value: Any) -> None:
    """Set the value at a path of a JSON value, or leave it out when it is REMOVED. Objects on the way are made, and
    items before it.
    """
    *way, last = path
    for step in way:
        body = body.setdefault(str(step), {}) if isinstance(body, dict) else body[int(step)]
    if isinstance(body, list):
        body += _repeated(body, int(last) + 1)[len(body) :]
        body[int(last)] = value
    elif value is REMOVED:
        body.pop(last, None)
    else:
        body[last] = value


def _most(values: Mapping[Path, list[Any]]) -> int:
    return max(map(len, values.values()), default=0)


def _with_each(body: Any, values: Mapping[Path, list[Any]], turn: int) -> Any:
    """A copy of a body with the value of this turn at each path."""
    body = copy.deepcopy(body)
    for path, choices in values.items():
        put(body, path, choices[turn % len(choices)])
    return body


def altered(body: Any, path: Path, value: Any) -> Any:
    """A copy of a JSON value with another value at a path; the whole is replaced when the path is empty."""
    if not path:
        return value
    body = copy.deepcopy(body)
    put(body, path, value)
    return body


def side_by_side(violations: Sequence[Violation]) -> list[list[Violation]]:
    """Violations in groups that fit into one request: no value of a group is, or holds, another's."""
    groups: list[list[Violation]] = []
    for violation in violations:
        for group in groups:
            if not any(_touch(violation.constraint, other.constraint) for other in group):
                group.append(violation)
                break
        else:
            groups.append([violation])
    return groups


def _sentence(violation: Violation) -> tuple[Path, str]:
    """What it breaks, whatever the operation."""
    return violation.constraint.path, violation.constraint.words


def _rank(violation: Violation) -> int:
    """How little it tells, beside others."""
    words = violation.constraint.words
    return next((rank for rank, start in enumerate(_TELLS_MOST) if words.startswith(start)), len(_TELLS_MOST))


def _touch(one: Constraint, other: Constraint) -> bool:
    same_way = all(step == there for step, there in zip(one.path, other.path, strict=False))
    return one.location != other.location or same_way


def plainly_breaks(errors: Sequence[SchemaError]) -> bool:
    """Whether a value is refused by every server, not only by a strict one: see facts that nothing published tells."""
    return any(_is_plain(error) for error in errors)


def source_of_break(errors: Sequence[SchemaError]) -> str:
    """The source of the sentence that a plainly invalid value breaks: of a published one where it breaks several."""
    sources = [error.source for error in errors if _is_plain(error)]
    return min(sources, key=lambda source: SOURCES[source].level != "must")


def _is_plain(error: SchemaError) -> bool:
    if error.keyword == "type":
        lenient: tuple[type, ...] = (str, bool, int, float, type(None))
        return not isinstance(error.value, lenient)
    return error.keyword in {"required", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
