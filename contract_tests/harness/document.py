"""What the document says of a response, a parameter or a body, and how strong each of its sentences is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema_rs
import requests
import yaml

from generated.contract import OPERATIONS, SOURCES

DOCUMENT_PATH = Path(__file__).parents[2] / "openapi" / "cospec.yaml"
_URI = "urn:cospec"
_ASSUMED = next(name for name, source in SOURCES.items() if source.level == "should")

Schema = dict[str, Any]


@dataclass(frozen=True)
class SchemaError:
    """One place where a value breaks its schema."""

    where: tuple[str | int, ...]
    """The path into the value."""
    keyword: str
    message: str
    source: str
    """The source of the broken sentence, a name of `x-sources`."""
    value: Any

    def __str__(self) -> str:
        return f"{dotted(self.where) or 'the body'}: {self.message}"


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation. `schema` has no `$ref` at its top; `pointer` is where it stands."""

    name: str
    location: str
    required: bool
    source: str
    refusal_source: str
    """The source of the sentence that a value outside the schema is refused."""
    schema: Schema
    pointer: tuple[str, ...]
    example: Any
    """A value that the document shows, if it shows one."""
    is_list: bool
    """Whether several values are given in one, separated by commas."""


def dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in path)


def host_of(url: str) -> str:
    """The host that a URL leads to, however it is written; nothing when nothing can be sent there."""
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(url, None)
    except requests.RequestException:
        return ""
    return (urlsplit(str(prepared.url)).hostname or "").rstrip(".")


class Document:
    """The contract, read once."""

    def __init__(self, raw: dict[str, Any] | None = None) -> None:
        """`raw`: what is taken in place of the document's file."""
        self.raw: dict[str, Any] = raw if raw is not None else _load()
        self._registry = jsonschema_rs.Registry([(_URI, self.raw)], draft=jsonschema_rs.Draft202012)
        self._validators: dict[tuple[object, ...], jsonschema_rs.Draft202012Validator] = {}

    def closed(self) -> Document:
        """The same document with objects that take the members that are named, and no others."""
        raw = copy.deepcopy(self.raw)
        for schema in _objects(raw["components"]["schemas"]):
            schema.setdefault("additionalProperties", False)
        return Document(raw)

    @property
    def hosts(self) -> set[str]:
        """Where the API itself is, in the document's own words: there are other people's data."""
        return {host_of(server["url"]) for server in self.raw["servers"]}

    # Looking up

    def at(self, pointer: Sequence[str | int]) -> Any:
        node: Any = self.raw
        for token in pointer:
            node = node[int(token)] if isinstance(node, list) else node[token]
        return node

    def resolve(self, pointer: tuple[str, ...]) -> tuple[str, ...]:
        """Follow the `$ref` that stands at a pointer, if one does, to where it leads."""
        node = self.at(pointer)
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            pointer = _tokens(node["$ref"])
            node = self.at(pointer)
        return pointer

    def _operation(self, operation_id: str) -> tuple[str, ...]:
        operation = OPERATIONS[operation_id]
        return ("paths", operation.path, operation.method.lower())

    @cache  # noqa: B019 - there is one document
    def parameters(self, operation_id: str) -> tuple[Parameter, ...]:
        base = self._operation(operation_id)
        node = self.at(base)
        found = []
        for index in range(len(node.get("parameters", ()))):
            pointer = self.resolve((*base, "parameters", str(index)))
            parameter = self.at(pointer)
            source = parameter.get("x-source") or node["x-source"]
            schema = self.resolve((*pointer, "schema"))
            found.append(
                Parameter(
                    name=parameter["name"],
                    location=parameter["in"],
                    required=parameter.get("required", False),
                    source=source,
                    refusal_source=parameter.get("x-refusal-source", source),
                    schema=self.at(schema),
                    pointer=schema,
                    example=parameter.get("example"),
                    is_list=parameter.get("explode") is False,
                )
            )
        return tuple(found)

    def request_body(self, operation_id: str) -> tuple[str, ...] | None:
        """Where the schema of the operation's JSON body stands, None when it has no body."""
        base = (*self._operation(operation_id), "requestBody")
        try:
            self.at(base)
        except KeyError:
            return None
        return (*base, "content", "application/json", "schema")

    def request_examples(self, operation_id: str) -> dict[str, Any]:
        """The bodies that the document shows for the operation, by name."""
        base = self._operation(operation_id)
        examples = self.at((*base, "requestBody", "content", "application/json", "examples"))
        return {name: example["value"] for name, example in examples.items()}

    @cache  # noqa: B019
    def response(self, operation_id: str, status: int) -> tuple[str, ...] | None:
        """Where the document tells of an operation's answer with a status, None when it does not."""
        base = (*self._operation(operation_id), "responses", str(status))
        try:
            return self.resolve(base)
        except KeyError:
            return None

    @cached_property
    def problem(self) -> tuple[str, ...]:
        """Where the schema of every problem stands."""
        return ("components", "schemas", "Problem")

    @cached_property
    def headers(self) -> Mapping[str, tuple[str, ...]]:
        """Where the schemas of the response headers stand, by header name."""
        found: dict[str, tuple[str, ...]] = {}
        for response in self.raw["components"]["responses"].values():
            for name, header in response["headers"].items():
                found[name] = (*_tokens(header["$ref"]), "schema")
        return found

    # Validating

    def errors(self, schema: tuple[str, ...], value: Any) -> list[SchemaError]:
        """Every place where a value breaks the schema at a pointer, with the source of the broken sentence."""
        try:
            found = list(self._validator(schema, {}).iter_errors(value))
        except UnicodeEncodeError:
            return [SchemaError((), "encoding", "a string holds half of a surrogate pair", "overview", None)]
        return [error for item in found for error in self._explain(item, schema)]

    def fits(self, schema: tuple[str, ...], value: Any) -> bool:
        """Whether a value keeps the schema at a pointer, the document's own keywords included."""
        try:
            return self._validator(schema, {"x-max-json-bytes": _MaxJsonBytes}).is_valid(value)
        except UnicodeEncodeError:
            return False

    def _validator(self, schema: tuple[str, ...], keywords: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        key = (schema, *keywords)
        if key not in self._validators:
            uri = f"{_URI}#/" + "/".join(quote(token.replace("~", "~0").replace("/", "~1")) for token in schema)
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                {"$ref": uri}, registry=self._registry, validate_formats=True, keywords=keywords
            )
        return self._validators[key]

    def _explain(self, error: Any, schema: tuple[str, ...]) -> Iterator[SchemaError]:
        branches = error.kind.as_dict().get("context") if error.kind.name in ("oneOf", "anyOf") else None
        branch = _meant_branch(branches, len(error.instance_path)) if branches else None
        if branch:
            for item in branch:
                yield from self._explain(item, schema)
            return
        message = str(error.message)
        if len(message) > 300:
            message = message[:300] + "…"
        yield SchemaError(
            where=tuple(error.instance_path),
            keyword=error.kind.name,
            message=message,
            source=self._source(schema, error),
            value=error.instance,
        )

    def _source(self, schema: tuple[str, ...], error: Any) -> str:
        if self._assumed_on_the_way(schema, error.evaluation_path[1:]):
            return _ASSUMED
        source = self.source_at(tuple(str(token) for token in error.schema_path))
        if error.kind.name == "required":
            member = error.kind.as_dict().get("property")
            owner = self.at(error.schema_path[:-1])
            source = owner.get("properties", {}).get(member, {}).get("x-source", source)
        return source

    def _assumed_on_the_way(self, schema: tuple[str, ...], path: Sequence[str | int]) -> bool:
        """Whether a reference that leads to the broken sentence is itself an assumption."""
        pointer = schema
        for token in path:
            node = self.at(pointer)
            if token == "$ref":
                if node.get("x-source") == _ASSUMED:
                    return True
                pointer = _tokens(node["$ref"])
            else:
                pointer = (*pointer, str(token))
        return False

    def source_at(self, pointer: tuple[str, ...]) -> str:
        """The source of the sentence at a pointer: its own `x-source`, else that of what it is nested in."""
        floor = 3 if pointer[0] == "components" else 2
        for end in range(len(pointer), floor - 1, -1):
            node = self.at(pointer[:end])
            if isinstance(node, Mapping) and isinstance(node.get("x-source"), str):
                return str(node["x-source"])
        return "overview"


class _MaxJsonBytes:
    """The document's bound on the UTF-8 JSON text of a value, in bytes."""

    def __init__(self, parent: Any, value: int, path: Any) -> None:
        self._most = value

    def validate(self, instance: Any) -> None:
        if len(json.dumps(instance, ensure_ascii=False).encode()) > self._most:
            raise ValueError(f"is longer than {self._most} bytes of JSON")


@cache
def _load() -> dict[str, Any]:
    with DOCUMENT_PATH.open(encoding="utf-8") as file:
        raw: dict[str, Any] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return raw


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """The schemas of objects with named members, wherever they stand."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            yield node
        for inner in node.values():
            yield from _objects(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _objects(inner)


def _meant_branch(branches: list[list[Any]], depth: int) -> list[Any] | None:
    """The alternative that a value was meant to be: not null, and with the right discriminator."""
    meant = [branch for branch in branches if branch and not _is_other_kind(branch, depth)]
    return meant[0] if len(meant) == 1 else None


def _is_other_kind(branch: list[Any], depth: int) -> bool:
    return any(
        (error.kind.name == "type" and len(error.instance_path) == depth) or error.kind.name == "const"
        for error in branch
    )


def _tokens(reference: str) -> tuple[str, ...]:
    """The pointer that a local reference such as `#/components/schemas/Run` holds."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in reference.removeprefix("#/").split("/"))
