"""Which operation does a request ask for? Method and path against the paths of the document.

A path is taken apart before its percent-encoding is decoded, so an encoded slash is part of a name, not a separator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from generated.contract import OPERATIONS, Operation


@dataclass(frozen=True, slots=True)
class Route:
    """The operation of a request and its path parameters, decoded."""

    operation: Operation
    parameters: Mapping[str, str]


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths: what follows by name, what follows by a parameter, and what can be asked there."""

    children: dict[str, _Node] = field(default_factory=dict)
    parameter_child: _Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Finds operations by method and path. A literal segment comes before a parameter."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS.values()) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node, names = self._root, []
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter_child = node.parameter_child or _Node()
                node = node.parameter_child
            else:
                node = node.children.setdefault(segment, _Node())
        node.operations[operation.method] = (operation, tuple(names))

    def find(self, method: str, raw_path: bytes) -> Route | None:
        """The route, None when the document has none for this method and path.

        `raw_path`: as it stood in the request, without the query. A literal segment that leads nowhere is not tried
        again as a parameter, since no path of the document needs it.
        """
        if not raw_path.startswith(b"/"):
            return None
        node, values = self._root, []
        for raw_segment in raw_path[1:].split(b"/"):
            segment = _decode(raw_segment)
            child = node.children.get(segment)
            if child is None:
                child = node.parameter_child
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        found = node.operations.get(method)
        if found is None:
            return None
        operation, names = found
        return Route(operation, dict(zip(names, values, strict=True)))


def _decode(segment: bytes) -> str:
    if b"%" in segment:
        segment = unquote_to_bytes(segment)
    return segment.decode("utf-8", "replace")
