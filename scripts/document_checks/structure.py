"""Is it a sound OpenAPI 3.1 document: valid, nothing misspelled, every reference met, every component used?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from scripts import document as doc
from scripts.document_checks.contract import Contract, Finding
from scripts.document_checks.objects import COMPONENT_KINDS, OBJECTS, Node

EXTENSIONS = {
    "OpenAPI": {
        "x-sources", "x-problem-catalogue", "x-rate-limit", "x-limits", "x-run-defaults", "x-sandbox-rates",
    },
    "Operation": {"x-source"},
    "Parameter": {"x-source", "x-refusal-source"},
    "Header": {"x-source"},
    "Response": {"x-source"},
    "Schema": {"x-source", "x-max-json-bytes", "x-refused"},
}  # fmt: skip
"""The extensions that the document explains at its top, by the kind of object that may carry them."""

LEFTOVERS = {
    "nullable": "write type: [..., 'null'] instead",
    "example": "write examples: [...] instead",
    "definitions": "schemas are components",
    "id": "write $id instead",
}
"""Keywords of schemas in OpenAPI 3.0 and in older drafts, and what 3.1 has for them."""


def check_version(contract: Contract) -> Iterator[Finding]:
    """The document is one of OpenAPI 3.1."""
    version = contract.value.get("openapi")
    if not re.fullmatch(r"3\.1\.\d+", str(version)):
        yield Finding(("openapi",), f"{version!r} is not 3.1.x")


def check_openapi(contract: Contract) -> Iterator[Finding]:
    """The document is valid, as openapi-spec-validator sees it."""
    for error in OpenAPIV31SpecValidator(dict(contract.value)).iter_errors():
        yield Finding(tuple(error.absolute_path), _one_line(error.message))


def check_keywords(contract: Contract) -> Iterator[Finding]:
    """Every key is a field of OpenAPI, a keyword of its schemas, or an extension that the document explains."""
    for node in contract.nodes:
        if node.kind == "Callback" or not isinstance(node.value, dict):
            continue
        for key in node.value:
            leftover = node.kind == "Schema" and key in LEFTOVERS
            known = key in OBJECTS[node.kind] or key in EXTENSIONS.get(node.kind, ())
            if not known and not leftover:
                what = "extension" if key.startswith("x-") else "key"
                yield Finding((*node.location, key), f"{key!r} is no {what} of {_a(node.kind)}")


def check_leftovers(contract: Contract) -> Iterator[Finding]:
    """No schema uses what OpenAPI 3.0 had and 3.1 has not."""
    for node in contract.of_kind("Schema"):
        for keyword, advice in LEFTOVERS.items():
            if keyword in node.value:
                yield Finding((*node.location, keyword), f"{keyword!r} is not of OpenAPI 3.1: {advice}")
        for keyword in ("exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(node.value.get(keyword), bool):
                yield Finding((*node.location, keyword), f"{keyword!r} is the bound itself in OpenAPI 3.1")


def check_references(contract: Contract) -> Iterator[Finding]:
    """Every reference leads to a component of the kind that belongs there."""
    for node in contract.nodes:
        if not isinstance(node.value, dict) or "$ref" not in node.value:
            continue
        ref = node.value["$ref"]
        where, target = (*node.location, "$ref"), node.target or node.kind
        parts = str(ref).split("/")
        if parts[:2] != ["#", "components"] or len(parts) != 4 or COMPONENT_KINDS.get(parts[2]) != target:
            yield Finding(where, f"{ref!r} is no component of the kind {target}")
        else:
            try:
                contract.resolved({"$ref": ref})
            except KeyError:
                yield Finding(where, f"{ref!r} leads nowhere")


def check_components_used(contract: Contract) -> Iterator[Finding]:
    """Every component is reached from an operation or a webhook."""
    used: set[str] = set()
    pending: list[Any] = [contract.value.get("paths"), contract.value.get("webhooks")]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            ref = value.get("$ref")
            if isinstance(ref, str) and ref not in used:
                used.add(ref)
                pending.append(doc.lookup(contract.value, ref))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    schemes = {name for requirement in contract.value.get("security", []) for name in requirement}
    for kind, components in contract.value.get("components", {}).items():
        for name in components:
            if not (name in schemes if kind == "securitySchemes" else f"#/components/{kind}/{name}" in used):
                yield Finding(("components", kind, name), "is used nowhere")


def check_operation_ids(contract: Contract) -> Iterator[Finding]:
    """Every operation, of webhooks and callbacks too, has an operationId of its own in camel case."""
    ids = Counter(node.value.get("operationId") for node in contract.of_kind("Operation"))
    for node in contract.of_kind("Operation"):
        name = node.value.get("operationId")
        if not re.fullmatch(r"[a-z][A-Za-z0-9]*", str(name or "")):
            yield Finding(node.location, f"operationId {name!r} is no name in camel case")
        elif ids[name] > 1:
            yield Finding((*node.location, "operationId"), f"{name!r} is the name of {ids[name]} operations")


def check_paths(contract: Contract) -> Iterator[Finding]:
    """Every path is below /v1 without a slash at its end, and no two differ in the names of their parameters only."""
    shapes: dict[str, str] = {}
    for path in contract.value.get("paths", {}):
        where = ("paths", path)
        if not re.fullmatch(r"/v1(/([a-z-]+|\{[A-Za-z]+\}))+", path):
            yield Finding(where, "is no path of lower-case words and {parameters} below /v1")
        shape = re.sub(r"\{[^}]*\}", "{}", path)
        if shape in shapes:
            yield Finding(where, f"matches the same requests as {shapes[shape]}")
        shapes[shape] = path


def check_path_parameters(contract: Contract) -> Iterator[Finding]:
    """The parameters in a path are the ones that its operations declare, required."""
    for operation in contract.operations:
        parameters = [p for p in contract.parameters(operation.value) if p.get("in") == "path"]
        named, declared = set(re.findall(r"\{([^}]*)\}", operation.path)), {p.get("name") for p in parameters}
        for name in sorted(named - declared):
            yield Finding(operation.location, f"does not declare the parameter {{{name}}} of its path")
        for name in sorted(str(name) for name in declared - named):
            yield Finding(operation.location, f"declares a path parameter {name!r} that its path does not have")
        for parameter in parameters:
            if parameter.get("required") is not True:
                yield Finding(operation.location, f"the path parameter {parameter.get('name')!r} is not required")


def check_parameters_once(contract: Contract) -> Iterator[Finding]:
    """No operation declares a parameter twice."""
    for node in contract.of_kind("Operation"):
        names = Counter((p.get("in"), p.get("name")) for p in contract.parameters(node.value))
        for (place, name), count in names.items():
            if count > 1:
                yield Finding((*node.location, "parameters"), f"{place} parameter {name!r} stands there {count} times")


def check_descriptions(contract: Contract) -> Iterator[Finding]:
    """Operations have a summary and a description; what people read in references has a description."""
    for node in contract.nodes:
        for field in _texts(node):
            text = node.value.get(field)
            if not isinstance(text, str) or not text.strip():
                yield Finding(node.location, f"has no {field}")
            elif field == "description" and not text.rstrip().endswith((".", "!", "?", ":")):
                yield Finding((*node.location, field), "does not end as a sentence")
            elif re.search(r"\b(TODO|FIXME|TBD|XXX|lorem ipsum)\b", text, re.IGNORECASE):
                yield Finding((*node.location, field), "holds a note to oneself")


def check_tags(contract: Contract) -> Iterator[Finding]:
    """Every operation has one tag, every tag is declared once and used."""
    declared = Counter(tag.get("name") for tag in contract.value.get("tags", []))
    used = set()
    for node in contract.of_kind("Operation"):
        tags = node.value.get("tags", [])
        used |= set(tags)
        if len(tags) != 1:
            yield Finding(node.location, f"has {len(tags)} tags instead of one")
        for tag in tags:
            if tag not in declared:
                yield Finding((*node.location, "tags"), f"the tag {tag!r} is not declared")
    for index, tag in enumerate(contract.value.get("tags", [])):
        if declared[tag.get("name")] > 1 or tag.get("name") not in used:
            yield Finding(("tags", index), f"the tag {tag.get('name')!r} is declared twice or used nowhere")


def check_security(contract: Contract) -> Iterator[Finding]:
    """Every operation needs the bearer token, and says so nowhere but at the top."""
    schemes = contract.components("securitySchemes")
    bearer = [name for name, s in schemes.items() if (s.get("type"), s.get("scheme")) == ("http", "bearer")]
    if contract.value.get("security") != [{name: []} for name in bearer] or len(bearer) != 1:
        yield Finding(("security",), "is not one requirement of the bearer scheme")
    for node in contract.of_kind("Operation"):
        if "security" in node.value:
            yield Finding((*node.location, "security"), "an operation has no security of its own")


def check_servers(contract: Contract) -> Iterator[Finding]:
    """The servers are https origins, without a path, at the top only."""
    for node in contract.of_kind("Server"):
        if not re.fullmatch(r"https://[a-z0-9.-]+", str(node.value.get("url"))) or node.location[0] != "servers":
            yield Finding(node.location, f"{node.value.get('url')!r} is no https origin at the top of the document")
    if not contract.value.get("servers"):
        yield Finding((), "names no server")


def _texts(node: Node) -> tuple[str, ...]:
    """The texts that an object must have."""
    if not isinstance(node.value, dict):
        return ()
    if node.kind == "Operation":
        return ("summary", "description")
    if node.kind == "Example":
        return ("summary",)
    if node.kind in ("Parameter", "Header", "Response", "Link", "Tag", "Info", "SecurityScheme"):
        return ("description",)
    if node.kind == "Schema" and node.location[:2] == ("components", "schemas"):
        is_component = len(node.location) == 3
        is_property = len(node.location) == 5 and node.location[3] == "properties"
        says_itself = (
            "$ref" in node.value or "const" in node.value or list(node.value) in (["allOf"], ["allOf", "default"])
        )
        if is_component or (is_property and not says_itself):
            return ("description",)
    return ()


def _one_line(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) < 200 else line[:197] + "..."


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "AEIO" else f"a {kind}"
