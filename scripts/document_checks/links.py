"""Do links, callbacks and webhooks lead from something that exists to something that exists?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.document_checks.contract import Contract, Finding, ResponseAt
from scripts.document_checks.objects import Location

BODY = "$response.body#"


def check_link_operations(contract: Contract) -> Iterator[Finding]:
    """Every link names an operation under `paths` by its operationId, and says what following it does."""
    operations = {operation.value.get("operationId") for operation in contract.operations}
    for node in contract.of_kind("Link"):
        if "operationRef" in node.value or node.value.get("operationId") not in operations:
            yield Finding(node.location, f"{node.value.get('operationId')!r} is no operation")


def check_link_parameters(contract: Contract) -> Iterator[Finding]:
    """Every link gives the parameters that its operation requires, and no other than it has."""
    operations = {operation.value.get("operationId"): operation for operation in contract.operations}
    for node in contract.of_kind("Link"):
        operation = operations.get(node.value.get("operationId"))
        if operation is None:
            continue
        parameters = contract.parameters(operation.value)
        given = {str(name).rpartition(".")[2] for name in node.value.get("parameters", {})}
        for name in sorted(given - {p.get("name") for p in parameters}):
            yield Finding((*node.location, "parameters", name), f"is no parameter of {node.value['operationId']}")
        for parameter in parameters:
            if parameter.get("required") and parameter.get("name") not in given:
                yield Finding(node.location, f"does not give {parameter.get('name')!r}, which its operation requires")


def check_link_expressions(contract: Contract) -> Iterator[Finding]:
    """Every value that a link gives stands in the body of its response, as a member that is always there."""
    for response, location, link in _links(contract):
        for name, expression in link.get("parameters", {}).items():
            where = (*location, "parameters", name)
            if not str(expression).startswith(BODY):
                yield Finding(where, f"{expression!r} does not start with {BODY}")
                continue
            schema = response.value.get("content", {}).get("application/json", {}).get("schema")
            problem = _follow(contract, schema, str(expression).removeprefix(BODY))
            if problem:
                yield Finding(where, f"{expression!r}: {problem}")


def check_link_examples(contract: Contract) -> Iterator[Finding]:
    """In the examples of a response, what its links point at is there and fits the parameter that it is given to."""
    operations = {operation.value.get("operationId"): operation for operation in contract.operations}
    for response, location, link in _links(contract):
        operation = operations.get(link.get("operationId"))
        examples = response.value.get("content", {}).get("application/json", {}).get("examples", {})
        if operation is None:
            continue
        schemas = {p["name"]: (p, p["schema"]) for p in contract.parameters(operation.value)}
        for name, expression in link.get("parameters", {}).items():
            for example in examples.values():
                value = _member(contract.resolved(example).get("value"), str(expression).removeprefix(BODY))
                if name in schemas and not isinstance(value, str | int):
                    yield Finding((*location, "parameters", name), f"finds {value!r} in an example")


def check_callbacks(contract: Contract) -> Iterator[Finding]:
    """The URL of every callback stands in the body of its operation's request."""
    for operation in contract.operations:
        for name, callback in operation.value.get("callbacks", {}).items():
            for expression in contract.resolved(callback):
                where = (*operation.location, "callbacks", name, expression)
                body = contract.resolved(operation.value.get("requestBody", {})).get("content", {})
                if not (expression.startswith("{$request.body#") and expression.endswith("}")):
                    yield Finding(where, "is no expression for a member of the request's body")
                    continue
                schema = body.get("application/json", {}).get("schema")
                found = _schemas_at(contract, [schema], expression[len("{$request.body#") : -1])
                parts = [part for schema in found for part in contract.applied(schema)]
                if not any(part.get("format") == "uri" for part in parts):
                    yield Finding(where, "points at no URI in the request's body")


def check_webhooks(contract: Contract) -> Iterator[Finding]:
    """There is a webhook for each event that one can subscribe to, and its body is that event."""
    schemas = contract.components("schemas")
    events = schemas["WebhookEvent"]["enum"]
    mapping = schemas["RunEvent"]["discriminator"]["mapping"]
    if list(contract.value.get("webhooks", {})) != events or list(mapping) != events:
        yield Finding(("webhooks",), f"webhooks, WebhookEvent and RunEvent do not name the same events {events}")
    for event, item in contract.value.get("webhooks", {}).items():
        operation = contract.resolved(item).get("post", {})
        body = contract.resolved(operation.get("requestBody", {})).get("content", {}).get("application/json", {})
        if body.get("schema", {}).get("$ref") != mapping.get(event):
            yield Finding(("webhooks", event), f"its body is not the schema that RunEvent has for {event}")


def _links(contract: Contract) -> Iterator[tuple[ResponseAt, Location, dict[str, Any]]]:
    for response in contract.responses:
        for name, link in response.value.get("links", {}).items():
            yield response, (*response.location, "links", name), contract.resolved(link)


def _follow(contract: Contract, schema: Any, pointer: str) -> str:
    """Why a pointer leads to nothing that can be put into a path; empty when it does."""
    schemas = [schema]
    for index, key in enumerate(pointer.split("/")[1:]):
        parts = [part for s in schemas for part in contract.applied(s)]
        required = any(key in part.get("required", []) for part in parts)
        schemas = _schemas_at(contract, schemas, f"/{key}")
        if not schemas:
            return f"the response's schema has no member {key!r} at step {index + 1}"
        if not key.isdigit() and not required:
            return f"{key!r} may be left out"
    types = {t for s in schemas for part in contract.applied(s) for t in _as_list(part.get("type"))}
    return "" if types and types <= {"string", "integer"} else f"points at {' or '.join(sorted(types)) or 'anything'}"


def _schemas_at(contract: Contract, schemas: list[Any], pointer: str) -> list[Any]:
    for key in pointer.split("/")[1:]:
        parts = [part for schema in schemas for part in contract.applied(schema)]
        if key.isdigit():
            schemas = [part["items"] for part in parts if "items" in part]
        else:
            schemas = [part["properties"][key] for part in parts if key in part.get("properties", {})]
    return schemas


def _member(value: Any, pointer: str) -> Any:
    for key in pointer.split("/")[1:]:
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
