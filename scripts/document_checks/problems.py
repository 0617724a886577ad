"""Do the catalogue of problems and what the operations answer agree?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts import document as doc
from scripts.document_checks.contract import Contract, Finding


def check_catalogue(contract: Contract) -> Iterator[Finding]:
    """Each code of the catalogue is a bare word with one problem status and a title."""
    for code, kind in contract.catalogue.items():
        where = ("x-problem-catalogue", code)
        if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", code):
            yield Finding(where, "is no bare word in capitals")
        if kind.keys() != {"status", "title"}:
            yield Finding(where, "has not exactly a status and a title")
        status, title = kind.get("status"), kind.get("title")
        if not isinstance(status, int) or not 400 <= status <= 599:
            yield Finding(where, f"{status!r} is no status of a problem")
        if not isinstance(title, str) or not title.strip() or title != title.strip():
            yield Finding(where, f"{title!r} is no title")


def check_codes_answered(contract: Contract) -> Iterator[Finding]:
    """Some operation answers each code of the catalogue."""
    answered = {code for r in contract.responses for code in doc.problem_codes(contract.value, r.value)}
    for code in contract.catalogue:
        if code not in answered:
            yield Finding(("x-problem-catalogue", code), "is answered by no operation")


def check_codes_listed(contract: Contract) -> Iterator[Finding]:
    """Each code that an operation answers is in the catalogue, with the status that it is answered with."""
    for response in contract.responses:
        for code in doc.problem_codes(contract.value, response.value):
            kind = contract.catalogue.get(code)
            if kind is None:
                yield Finding(response.location, f"{code} is not in x-problem-catalogue")
            elif str(kind.get("status")) != response.status:
                yield Finding(response.location, f"{code} comes with {kind.get('status')}, not with {response.status}")


def check_codes_everywhere(contract: Contract) -> Iterator[Finding]:
    """Every operation answers the codes of its status that have no resource: both of 401, the limit's, the error's."""
    common = ("AUTH_UNAUTHORIZED", "API_KEY_INVALID", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR")
    for operation in contract.operations:
        responses = [r for r in contract.responses if r.operation == operation]
        answered = {code for r in responses for code in doc.problem_codes(contract.value, r.value)}
        for code in common:
            if code not in answered:
                yield Finding(operation.location, f"does not answer {code}")


def check_problem_status(contract: Contract) -> Iterator[Finding]:
    """The `status` in a problem's schema is the status that it is answered with."""
    for response in contract.responses:
        if response.is_success:
            continue
        for media_type, value in response.value.get("content", {}).items():
            parts = contract.applied(value.get("schema"))
            enums = [
                p["properties"]["status"]["enum"] for p in parts if "enum" in p.get("properties", {}).get("status", {})
            ]
            if [int(response.status)] not in enums:
                where = (*response.location, "content", media_type, "schema")
                yield Finding(where, f"does not bind `status` to {response.status}")


def check_problem_examples(contract: Contract) -> Iterator[Finding]:
    """Each example of a problem has the status of its response, and the status and the title of its code."""
    for response in contract.responses:
        if response.is_success:
            continue
        for media_type, body in response.value.get("content", {}).items():
            for name, example in body.get("examples", {}).items():
                where = (*response.location, "content", media_type, "examples", name)
                value = contract.resolved(example)["value"]
                kind = contract.catalogue.get(value.get("type"))
                if str(value.get("status")) != response.status:
                    yield Finding(where, f"its status is {value.get('status')}, not {response.status}")
                if kind is not None and name != value["type"]:
                    yield Finding(where, f"shows {value['type']}")
                if kind is not None and not str(value.get("title")).startswith(str(kind.get("title"))):
                    yield Finding(where, f"its title is not {kind.get('title')!r}")


def check_problem_schema(contract: Contract) -> Iterator[Finding]:
    """`errors` is required, and not empty, exactly when the code is VALIDATION_FAILED."""
    validator = contract.validator(("components", "schemas", "Problem"))
    error = {"field": "page", "message": "Too small", "code": "too_small"}
    failed = {"type": "VALIDATION_FAILED", "title": "Validation failed", "status": 400}
    for value, fits in (
        (failed | {"errors": [error]}, True),
        (failed, False),
        (failed | {"errors": []}, False),
        (failed | {"errors": None}, False),
        (failed | {"type": "BAD_REQUEST"}, True),
        (failed | {"type": "about:blank", "errors": [error]}, False),
    ):
        if validator.is_valid(value) != fits:
            where = ("components", "schemas", "Problem")
            shown = f"type {value['type']} and errors {value.get('errors', 'left out')}"
            yield Finding(where, f"{'refuses' if fits else 'allows'} a problem with {shown}")
