"""What does `generated/contract.py` say? Writes it as Python text from the document.

Leaves writing and comparing files to `scripts.generate`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from scripts import document as doc

HEADER = '''"""The tables of the contract that code needs: operations, problem codes, limits, header names.

Generated from openapi/cospec.yaml by `make generate`: do not edit. Request and response bodies are in
`generated.models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

'''

TYPES = '''
@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from (`x-sources`), and so how much a server that breaks it is to blame."""

    name: str
    """As `x-source` names it."""
    title: str
    level: Literal["must", "should"]
    """`must`: published. `should`: assumed, so a server that differs may be right."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One entry of the catalogue of problems (`x-problem-catalogue`)."""

    code: ProblemCode
    """The problem's `type`."""
    status: int
    """The one HTTP status that the code comes with, also the problem's `status`."""
    title: str
    """What the problem's `title` starts with."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document's `paths`."""

    operation_id: str
    method: str
    """Upper case."""
    path: str
    """With its parameters in braces."""
    source: str
    """A name of `SOURCES`: where method and path come from (the operation's `x-source`)."""
    success_status: int
    success_source: str
    """A name of `SOURCES`: where the success status comes from (that response's `x-source`)."""
    problem_codes: Mapping[int, tuple[ProblemCode, ...]] = field(hash=False)
    """The codes of each documented problem status; empty for a status without a listed code."""


@dataclass(frozen=True, slots=True)
class RunDefaults:
    """The guardrails of a run where neither the run nor its template sets them (`x-run-defaults`)."""

    max_turns: int
    max_cost_usd: float
    timeout_seconds: int


'''


def contract_module(document: Mapping[str, Any]) -> str:
    """The text of `generated/contract.py`, formatted; the same text for the same document.

    Raises `KeyError` when the document lacks what the tables are made of.
    """
    parts = [
        HEADER,
        _enum("ProblemCode", "The codes of problems: the names of `x-problem-catalogue`.", _codes(document)),
        _enum("Header", "The names of the headers under `components/headers`.", _headers(document)),
        TYPES,
        _table("SOURCES", "str", "Source", _sources(document), "The sources of facts, by name (`x-sources`)."),
        _table(
            "PROBLEMS",
            "ProblemCode",
            "ProblemKind",
            _problems(document),
            "Each problem's status and title, by code (`x-problem-catalogue`).",
        ),
        _table(
            "OPERATIONS",
            "str",
            "Operation",
            _operations(document),
            "The operations of `paths`, by operationId, in the document's order.",
        ),
        _constants(document),
    ]
    return formatted("".join(parts))


def formatted(text: str) -> str:
    """`text` as the project's formatter writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=120", "--target-version=py311", "-"]
    return subprocess.run(command, input=text, capture_output=True, check=True, text=True, encoding="utf-8").stdout


def _enum(name: str, docstring: str, members: Mapping[str, str]) -> str:
    lines = [f"    {member} = {value!r}" for member, value in members.items()]
    return f'\nclass {name}(StrEnum):\n    """{docstring}"""\n\n' + "\n".join(lines) + "\n\n"


def _table(name: str, key: str, value: str, rows: Mapping[str, str], docstring: str) -> str:
    body = "".join(f"{k}: {v},\n" for k, v in rows.items())
    return f'{name}: Final[Mapping[{key}, {value}]] = MappingProxyType({{\n{body}}})\n"""{docstring}"""\n\n'


def _codes(document: Mapping[str, Any]) -> dict[str, str]:
    return {code: code for code in document["x-problem-catalogue"]}


def _headers(document: Mapping[str, Any]) -> dict[str, str]:
    """Member names after the components, values as the responses spell the headers."""
    spelled: dict[str, str] = {}
    for operation in doc.operations(document):
        for response in operation.value["responses"].values():
            for wire_name, header in doc.resolved(document, response).get("headers", {}).items():
                spelled[header["$ref"].rsplit("/", 1)[-1]] = wire_name
    return {_constant_case(name): spelled[name] for name in document["components"]["headers"]}


def _constant_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _sources(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        repr(name): f"Source(name={name!r}, title={source['title']!r}, level={source['level']!r})"
        for name, source in document["x-sources"].items()
    }


def _problems(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"ProblemCode.{code}": f"ProblemKind(code=ProblemCode.{code}, status={kind['status']}, title={kind['title']!r})"
        for code, kind in document["x-problem-catalogue"].items()
    }


def _operations(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        repr(operation.value["operationId"]): _operation(document, operation) for operation in doc.operations(document)
    }


def _operation(document: Mapping[str, Any], operation: doc.OperationAt) -> str:
    responses = {int(status): doc.resolved(document, r) for status, r in operation.value["responses"].items()}
    (success,) = (status for status in responses if status < 300)
    codes = "".join(
        f"{status}: ({''.join(f'ProblemCode.{code}, ' for code in doc.problem_codes(document, response))}),\n"
        for status, response in responses.items()
        if status >= 400
    )
    source = operation.value["x-source"]
    return (
        f"Operation(operation_id={operation.value['operationId']!r}, method={operation.method.upper()!r}, "
        f"path={operation.path!r}, source={source!r}, success_status={success}, "
        f"success_source={responses[success].get('x-source', source)!r}, "
        f"problem_codes=MappingProxyType({{\n{codes}}}))"
    )


def _constants(document: Mapping[str, Any]) -> str:
    rate_limit, limits = document["x-rate-limit"], document["x-limits"]
    defaults, rates = document["x-run-defaults"], document["x-sandbox-rates"]
    rows = "".join(f"{size!r}: {float(rate)!r},\n" for size, rate in rates.items() if not size.startswith("x-"))
    return f'''
RATE_LIMIT_REQUESTS: Final = {rate_limit["requests"]}
"""Requests that one API key may send in a window, all operations together (`x-rate-limit`)."""

RATE_LIMIT_WINDOW_SECONDS: Final = {rate_limit["windowSeconds"]}
"""The length of a window (`x-rate-limit`)."""

CONCURRENT_RUNS: Final = {limits["concurrentRuns"]}
"""Runs of an organization that may be pending or running at a time (`x-limits`)."""

WEBHOOKS_PER_ORGANIZATION: Final = {limits["webhooks"]}
"""Webhooks that an organization may have (`x-limits`)."""

RUN_DEFAULTS: Final = RunDefaults(
    max_turns={defaults["maxTurns"]},
    max_cost_usd={float(defaults["maxCostUsd"])},
    timeout_seconds={defaults["timeoutSeconds"]},
)
"""The guardrails of last resort (`x-run-defaults`)."""

SANDBOX_RATES_PER_MINUTE_USD: Final[Mapping[str, float]] = MappingProxyType({{
{rows}}})
"""What a minute of sandbox time costs, in USD, by size (`x-sandbox-rates`)."""
'''
