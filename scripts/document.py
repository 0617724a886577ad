"""How is the contract's document read, and how does one walk through it?

Leaves to others what the document must say (`scripts.check_document`) and what is made from it (`scripts.generate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "cospec.yaml"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class DocumentError(Exception):
    """The document cannot be read; the message is one line that says where and why."""


@dataclass(frozen=True)
class OperationAt:
    """An operation under `paths`: where it stands and what is written there."""

    path: str
    method: str
    """Lower case, as in the document."""
    value: Mapping[str, Any]

    @property
    def location(self) -> tuple[str, ...]:
        """The keys that lead to the operation."""
        return ("paths", self.path, self.method)


class _Loader(yaml.SafeLoader):
    """JSON's values only: no dates, and no key twice in a mapping."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(
                problem=f"the key {key!r} is not a string: quote it", problem_mark=key_node.start_mark
            )
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands there twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str, name: str = "document") -> dict[str, Any]:
    """Read YAML text that must be one mapping with string keys, none twice.

    Raises `DocumentError`, whose message starts with `name` and the line.
    """
    try:
        value = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise DocumentError(f"{where}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise DocumentError(f"{name}: {' '.join(str(error).split())}") from error
    if not isinstance(value, dict):
        raise DocumentError(f"{name}: not a mapping")
    return value


def load(path: Path = DOCUMENT) -> dict[str, Any]:
    """Read the document at `path`. Raises `DocumentError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not UTF-8 (byte {error.start})") from error
    return parse(text, str(path))


def pointer(location: tuple[str | int, ...]) -> str:
    """The JSON pointer of a location, as a URI fragment: `#/paths/~1v1~1runs/get`."""
    return "#" + "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in location)


def lookup(document: Any, ref: str) -> Any:
    """The value that a local reference such as `#/components/schemas/Run` names. Raises `KeyError`."""
    if not ref.startswith("#"):
        raise KeyError(ref)
    value = document
    for part in ref[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (IndexError, TypeError, ValueError, KeyError):
            raise KeyError(ref) from None
    return value


def resolved(document: Any, value: Any) -> Any:
    """`value`, or what its `$ref` leads to. Raises `KeyError` when it leads nowhere or in a circle."""
    seen: set[str] = set()
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        ref = value["$ref"]
        if ref in seen:
            raise KeyError(ref)
        seen.add(ref)
        value = lookup(document, ref)
    return value


def operations(document: Mapping[str, Any]) -> Iterator[OperationAt]:
    """The operations under `paths`, in the order of the document; not the webhooks and callbacks."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield OperationAt(path, method, item[method])


def problem_codes(document: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[str, ...]:
    """The codes that a problem response may carry: the enum of `type` in its schema; empty when there is none."""
    codes: list[str] = []
    for media_type in response.get("content", {}).values():
        for code in _type_enum(document, media_type.get("schema", {})):
            if code not in codes:
                codes.append(code)
    return tuple(codes)


def _type_enum(document: Mapping[str, Any], schema: Any) -> Iterator[str]:
    schema = resolved(document, schema)
    if not isinstance(schema, dict):
        return
    kind = schema.get("properties", {}).get("type", {})
    if isinstance(kind, dict):
        yield from kind.get("enum", [])
        if "const" in kind:
            yield kind["const"]
    for keyword in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(keyword, []):
            yield from _type_enum(document, part)
