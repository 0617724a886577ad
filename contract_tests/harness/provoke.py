"""How to make a server answer what no ordinary request can provoke: read from a file that comes with the server.

The suite knows no server's ways. Whoever runs a server that can be told to fail says how in a YAML file (the setting
`provoke`), and the suite sends that and looks at what comes back:

    problems:
      INTERNAL_ERROR: {key: csk_live_...}
      RUN_ORCHESTRATOR_ERROR: {body: {repo: acme/broken}}
      503: {headers: {X-Fault: unavailable}}
    runs:
      failed: {body: {prompt: Fail.}}

Under `problems` stands a problem's code, or a status that has no listed code; under `runs` how a run ends. Each is
followed by what differs from an ordinary request: another key, further headers, members of the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from contract_tests.harness.exchange import KEY_PREFIX, is_key
from generated.contract import OPERATIONS, PROBLEMS, Operation, ProblemCode

UNLISTED = tuple(
    sorted({status for one in OPERATIONS.values() for status, codes in one.problem_codes.items() if not codes})
)
"""The statuses that come without a listed code."""
BEYOND_REACH = (
    *(str(code) for code in ProblemCode if PROBLEMS[code].status >= 500),
    str(ProblemCode.REPOSITORY_NOT_FOUND),
    *map(str, UNLISTED),
)
"""What no ordinary request is sure to provoke on a right server."""


def _known(name: Any) -> str:
    if str(name) not in BEYOND_REACH:
        raise ValueError(f"must be one of {', '.join(BEYOND_REACH)}")
    return str(name)


def _of_a_key(value: SecretStr) -> SecretStr:
    if not is_key(value.get_secret_value()):
        raise ValueError(f"must be an API key: {KEY_PREFIX} and letters, digits or some of _ - . ~ + / =")
    return value


Key = Annotated[SecretStr, AfterValidator(_of_a_key)]
"""An API key. What has another form could not be told from other words, and would be shown somewhere."""


class Difference(BaseModel):
    """What differs from an ordinary request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key | None = None
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}


class Provocations(BaseModel):
    """What a server can be provoked to, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    problems: dict[Annotated[str, BeforeValidator(_known)], Difference] = {}
    runs: dict[Literal["completed", "failed"], Difference] = {}


def read_provocations(path: Path) -> Provocations:
    """Read the file. Raises ValueError, with a sentence, when it is none."""
    try:
        return Provocations.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{path}: {where}: {message}") from None
    except (yaml.YAMLError, UnicodeError, OSError) as error:
        raise ValueError(f"{path} is no YAML: {str(error).splitlines()[0]}") from None


def documenting(name: str) -> Iterator[tuple[Operation, int]]:
    """The operations that document a problem's code, or a status without a listed code, with the status."""
    code = ProblemCode(name) if name in ProblemCode.__members__ else None
    status = PROBLEMS[code].status if code is not None else int(name)
    for operation in OPERATIONS.values():
        codes = operation.problem_codes.get(status)
        if codes is not None and (code is None or code in codes):
            yield operation, status
