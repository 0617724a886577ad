"""Does every operation document the responses, headers and media types that the API has everywhere?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.document_checks.contract import Contract, Finding, ResponseAt

COMMON_STATUSES = ("401", "429", "500")
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
RETRY_HEADER = "Retry-After"
PROBLEM_MEDIA_TYPES = {"application/problem+json", "application/json"}


def check_common_responses(contract: Contract) -> Iterator[Finding]:
    """Every operation documents 401, 429 and 500."""
    for operation in contract.operations:
        for status in COMMON_STATUSES:
            if status not in operation.value.get("responses", {}):
                yield Finding(operation.location, f"does not document {status}")


def check_statuses(contract: Contract) -> Iterator[Finding]:
    """Statuses are numbers from 200 to 599, one success each."""
    for operation in contract.operations:
        statuses = [str(status) for status in operation.value.get("responses", {})]
        for status in statuses:
            if not re.fullmatch(r"[245]\d\d", status):
                yield Finding((*operation.location, "responses", status), "is no status of a success or a problem")
        if sum(status.startswith("2") for status in statuses) != 1:
            yield Finding(operation.location, "does not document exactly one success")


def check_refusals(contract: Contract) -> Iterator[Finding]:
    """Who takes a body or a query can refuse it with 400; who names a resource in the path can miss it with 404."""
    for operation in contract.operations:
        places = {parameter.get("in") for parameter in contract.parameters(operation.value)}
        responses = operation.value.get("responses", {})
        if ("query" in places or "requestBody" in operation.value) and "400" not in responses:
            yield Finding(operation.location, "takes a query or a body but does not document 400")
        if "path" in places and "404" not in responses:
            yield Finding(operation.location, "has a parameter in its path but does not document 404")


def check_rate_headers(contract: Contract) -> Iterator[Finding]:
    """Every response has the three headers of the rate limit, required; they refer to the components."""
    for response in contract.responses:
        headers = response.value.get("headers", {})
        for name in RATE_HEADERS:
            if name not in headers:
                yield Finding(response.location, f"lacks the header {name}")
            elif contract.resolved(headers[name]).get("required") is not True:
                yield Finding((*response.location, "headers", name), "is not required")


def check_retry_after(contract: Contract) -> Iterator[Finding]:
    """429 has Retry-After, required, and no other status has it."""
    for response in contract.responses:
        header = response.value.get("headers", {}).get(RETRY_HEADER)
        if response.status == "429" and header is None:
            yield Finding(response.location, f"lacks the header {RETRY_HEADER}")
        elif response.status == "429" and contract.resolved(header).get("required") is not True:
            yield Finding((*response.location, "headers", RETRY_HEADER), "is not required")
        elif response.status != "429" and header is not None:
            yield Finding((*response.location, "headers", RETRY_HEADER), "belongs to 429 only")


def check_headers(contract: Contract) -> Iterator[Finding]:
    """Headers have distinct names that are known, and every response refers each to the one component of its name."""
    known = {name.lower(): name for name in (*RATE_HEADERS, RETRY_HEADER)}
    for response in contract.responses:
        for name, header in response.value.get("headers", {}).items():
            where = (*response.location, "headers", name)
            if known.get(name.lower()) != name:
                yield Finding(where, "is no header of the API in its usual spelling")
            elif header != {"$ref": f"#/components/headers/{name.removeprefix('X-').replace('-', '')}"}:
                yield Finding(where, "does not refer to the component of its name")


def check_rate_limit(contract: Contract) -> Iterator[Finding]:
    """The bounds of the headers agree with x-rate-limit."""
    limit = contract.value["x-rate-limit"]["requests"]
    headers = contract.components("headers")
    schemas = {name: contract.resolved(headers[name]["schema"]) for name in ("RateLimitLimit", "RateLimitRemaining")}
    if schemas["RateLimitLimit"].get("const") != limit:
        yield Finding(("components", "headers", "RateLimitLimit"), f"its const is not {limit}, x-rate-limit's requests")
    if (schemas["RateLimitRemaining"].get("minimum"), schemas["RateLimitRemaining"].get("maximum")) != (0, limit - 1):
        yield Finding(("components", "headers", "RateLimitRemaining"), f"does not go from 0 to {limit - 1}")


def check_success_bodies(contract: Contract) -> Iterator[Finding]:
    """A success has a JSON body with a schema; 204 has none, and is what deleting answers."""
    for response in contract.responses:
        content = response.value.get("content", {})
        if not response.is_success:
            continue
        if (response.status == "204") != (response.operation.method == "delete"):
            yield Finding(response.location, "deleting answers 204, and nothing else does")
        if response.status == "204" and content:
            yield Finding((*response.location, "content"), "204 has no body")
        if response.status != "204" and (content.keys() != {"application/json"} or not _schemas(response)):
            yield Finding(response.location, "has no application/json body with a schema")


def check_problem_bodies(contract: Contract) -> Iterator[Finding]:
    """A problem comes in both media types, with one schema."""
    for response in contract.responses:
        content = response.value.get("content", {})
        if not response.is_success and (content.keys() != PROBLEM_MEDIA_TYPES or len(_schemas(response)) != 1):
            yield Finding(response.location, "does not have the same schema as problem+json and as json")


def check_request_bodies(contract: Contract) -> Iterator[Finding]:
    """A body is required JSON with a schema from the components, where the method allows one."""
    for node in contract.of_kind("Operation"):
        body = node.value.get("requestBody")
        if body is None:
            if node.location[-1] in ("put", "patch"):
                yield Finding(node.location, "has no body")
            continue
        content = contract.resolved(body).get("content", {})
        if node.location[-1] not in ("post", "put", "patch"):
            yield Finding((*node.location, "requestBody"), "the method takes no body")
        if contract.resolved(body).get("required") is not True:
            yield Finding((*node.location, "requestBody"), "is not required")
        if content.keys() != {"application/json"} or not content["application/json"].get("schema", {}).get("$ref"):
            yield Finding((*node.location, "requestBody"), "is no application/json with a schema of the components")


def _schemas(response: ResponseAt) -> list[object]:
    """The different schemas of a response's bodies."""
    schemas: list[object] = []
    for media_type in response.value.get("content", {}).values():
        if media_type.get("schema") and media_type["schema"] not in schemas:
            schemas.append(media_type["schema"])
    return schemas
