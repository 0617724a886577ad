"""Which instances, fitting and unfitting, are the models and the schemas compared with?

Draws from the keywords that the document uses, then breaks what was drawn in a few places. Leaves the verdict on an
instance to those who ask.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from scripts.document_checks.contract import Contract

Path = tuple[str | int, ...]

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 0.005, 1.5, 29, 1001, 3601, 10**12, 1e300,
    "", "5", "true", "a" * 65, "b" * 101, "c" * 501, "é\n\u2028", "localhost", "a.local", "*.example.com",
    "http://example.com", "not a uri", "HTTPS://example.com", "whsec_AAAA", "VALIDATION_FAILED", "run.failed",
    "2026-03-01T12:00:00Z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00", "2016-12-31T23:59:60Z",
    "2026-02-30T00:00:00Z", "acme/\ufeffshop", "acme/\x85shop",
    [], [None], ["a"], {}, {"a": 1}, {"type": "text"}, {f"k{index}": "v" for index in range(51)},
)  # fmt: skip
"""What is put where it may not belong: of each type, at and beyond bounds of the document, formats half kept."""


class Instances:
    """Strategies for the schemas of one document."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._components: dict[str, st.SearchStrategy[Any]] = {}

    def fitting(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Values that fit the schema, but for its `if`, `then` and `not`, which few values break by chance."""
        if schema.keys() == {"$ref"}:
            ref = schema["$ref"]
            if ref not in self._components:
                self._components[ref] = st.deferred(lambda: self._built(self._contract.resolved(schema)))
            return self._components[ref]
        return self._built(schema)

    def any_of(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Values of which some fit and some are broken in up to three places."""
        return st.tuples(self.fitting(schema), st.lists(_breakages(), max_size=3)).map(_broken)

    def _built(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        merged = self._merged(schema)
        if "const" in merged:
            return st.just(merged["const"])
        if "enum" in merged:
            return st.sampled_from(merged["enum"])
        if "oneOf" in merged:
            return st.one_of([self.fitting(branch) for branch in merged["oneOf"]])
        types = merged["type"] if isinstance(merged["type"], list) else [merged["type"]]
        return st.one_of([self._of_type(kind, merged) for kind in types])

    def _merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema and what it refers to as one, the bounds of the part that narrows winning."""
        merged: dict[str, Any] = {}
        for part in reversed(self._contract.applied(schema)):
            properties = {**merged.get("properties", {})}
            for name, value in part.get("properties", {}).items():
                properties[name] = {**properties.get(name, {}), **value}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged |= {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
            merged |= {"properties": properties, "required": required}
        return merged

    def _of_type(self, kind: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        if kind == "object":
            return self._objects(schema)
        if kind == "array":
            least = schema.get("minItems", 0)
            return st.lists(self.fitting(schema["items"]), min_size=least, max_size=max(least, 2))
        if kind == "integer":
            return _integers(schema)
        if kind == "number":
            return _integers(schema) | _floats(schema)
        if kind == "string":
            return _strings(schema)
        return st.booleans() if kind == "boolean" else st.none()

    def _objects(self, schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        members = {name: self.fitting(value) for name, value in schema["properties"].items()}
        required = {name: value for name, value in members.items() if name in schema["required"]}
        optional = {name: value for name, value in members.items() if name not in schema["required"]}
        drawn = st.fixed_dictionaries(required, optional=optional)
        more = schema.get("additionalProperties", False)
        if isinstance(more, dict):
            return st.dictionaries(st.text(max_size=5), self.fitting(more), max_size=3)
        return st.dictionaries(st.text(max_size=5), _scalars(), max_size=2) if more else drawn


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of a value and of all that it holds."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value: Any, path: Path, odd: Any) -> Any:
    """A copy of the value with another one at a path."""
    if not path:
        return odd
    copied = copy.deepcopy(value)
    container = copied
    for key in path[:-1]:
        container = container[key]
    container[path[-1]] = odd
    return copied


def without(value: Any, path: Path) -> Any:
    """A copy of the value without what stands at a path, which is not the whole."""
    copied = copy.deepcopy(value)
    container = copied
    for key in path[:-1]:
        container = container[key]
    del container[path[-1]]
    return copied


def snake_case(name: str) -> str:
    """The models' spelling of a member's name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _breakages() -> st.SearchStrategy[tuple[str, int, Any]]:
    """What is done, at which place (counted around), and with what."""
    return st.tuples(
        st.sampled_from(["replace", "replace", "remove", "rename", "add"]),
        st.integers(0, 200),
        st.sampled_from(ODD_VALUES),
    )


def _broken(drawn: tuple[Any, list[tuple[str, int, Any]]]) -> Any:
    value, breakages = drawn
    for action, index, odd in breakages:
        value = _break(value, action, index, odd)
    return value


def _break(value: Any, action: str, index: int, odd: Any) -> Any:
    paths = list(places(value))
    path = paths[index % len(paths)]
    if action == "replace" or not path:
        return replaced(value, path, odd)
    if action == "remove":
        return without(value, path)
    if action == "rename" and isinstance(path[-1], str):
        member = value
        for key in path:
            member = member[key]
        return replaced(without(value, path), (*path[:-1], snake_case(path[-1])), member)
    if action == "add" and isinstance(path[-1], str):
        return replaced(value, (*path[:-1], ("content", "secret", "extra", "failReason", "errors")[index % 5]), odd)
    return value


def _integers(schema: Mapping[str, Any]) -> st.SearchStrategy[int]:
    low = int(max(schema.get("minimum", -1000), schema.get("exclusiveMinimum", -1001) + 1))
    low += low < schema.get("minimum", low)
    high = schema.get("maximum", low + 2000)
    return st.sampled_from([low, high]) | st.integers(low, high)


def _floats(schema: Mapping[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        schema.get("minimum", schema.get("exclusiveMinimum", -1e6)),
        schema.get("maximum", 1e6),
        exclude_min="exclusiveMinimum" in schema,
    )


def _strings(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.sampled_from(["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.123Z", "2026-03-01t12:00:00.5+01:30"])
    if schema.get("format") == "uri":
        return st.sampled_from(["https://example.com", "https://example.com/a?b=c#d", "https://[::1]:8080/"])
    low, high = schema.get("minLength", 0), schema.get("maxLength", 300)
    if "pattern" in schema:
        exact = st.from_regex(re.compile(schema["pattern"], re.ASCII), alphabet=st.characters(max_codepoint=0x7E))
        return exact.filter(lambda text: low <= len(text) <= high and not text.endswith("\n"))
    edges = ["x" * low, "é" * min(high, 50000)] if "maxLength" in schema else ["x" * low]
    return st.sampled_from(edges) | st.text(min_size=low, max_size=max(low, min(high, 8)))


def _scalars() -> st.SearchStrategy[Any]:
    return st.none() | st.booleans() | st.integers() | st.text(max_size=5)
