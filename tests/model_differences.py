"""Where do the models take what the schemas refuse, or refuse what they take, and why is that left so?

The one list of these differences. tests/test_models.py shows that each still exists and that there is no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.instances import snake_case

SPACES = "\ufeff\x85"


@dataclass(frozen=True)
class SchemaError:
    """One reason of a schema against an instance."""

    keyword: str
    instance: Any
    value: Any
    """What the keyword says."""
    schema: Mapping[str, Any]
    """Where the keyword stands."""
    path: tuple[str | int, ...]
    """How the validator came to the keyword."""


@dataclass(frozen=True)
class Laxer:
    """The models take what the schemas refuse."""

    what: str
    why: str
    explains: Callable[[SchemaError], bool]
    model: str
    body: str
    """A JSON text that shows the difference."""


@dataclass(frozen=True)
class Stricter:
    """The models refuse what the schemas take."""

    what: str
    why: str
    explains: Callable[[str, Any], bool]
    """From the type of pydantic's error and its input."""
    model: str
    body: str


LAXER = (
    Laxer(
        "null for a member that may be left out but not be null",
        "Python has one word for both. `model_dump(exclude_unset=True)` sends a null only where one was set.",
        lambda error: error.instance is None and error.keyword in ("type", "enum"),
        "RunCreate",
        '{"repo": "acme/shop", "prompt": "Go", "template": "node", "branch": null}',
    ),
    Laxer(
        "a time in another spelling than RFC 3339's, or in Unix seconds",
        "Pydantic reads more spellings of a time; what it writes is RFC 3339, always with an offset.",
        lambda error: error.schema.get("format") == "date-time" and error.keyword in ("format", "type"),
        "RunCreated",
        '{"id": "run_1", "status": "pending", "createdAt": "2026-03-01 12:00+0100"}',
    ),
    Laxer(
        "any text where a URI belongs",
        "Pydantic's URL type rewrites the URL and drops the bound on its length; a string comes back as it went in.",
        lambda error: error.keyword == "format" and error.value == "uri",
        "PullRequestOutput",
        '{"type": "pr", "url": "not a uri", "title": "Fix", "number": 1}',
    ),
    Laxer(
        "a member that `not` forbids: content in a listed text output, the secret of a listed webhook",
        "The models have no such member and drop it, as they drop every member that the document does not name.",
        lambda error: error.keyword == "not" and "required" in error.schema["not"],
        "TextOutputSummary",
        '{"type": "text", "eventId": "evt_1", "content": "Done."}',
    ),
    Laxer(
        "a host name below .local, .localhost or .internal",
        "The generator has no word for `not`; the server refuses these names.",
        lambda error: error.keyword == "not" and "pattern" in error.schema["not"],
        "TemplateCreate",
        '{"slug": "a", "name": "A", "baseImage": "node-22", "egressDomains": ["db.internal"]}',
    ),
    Laxer(
        "a VALIDATION_FAILED problem without errors",
        "The generator has no word for `if`; a client that reads problems should not fail on one.",
        lambda error: "then" in error.path and ("errors" in error.path or error.value == "errors"),
        "InvalidParametersProblem",
        '{"type": "VALIDATION_FAILED", "title": "Validation failed", "status": 400}',
    ),
    Laxer(
        "a failReason of a run that has not failed",
        "The generator has no word for `if`.",
        lambda error: "then" in error.path and error.path[-3:] == ("properties", "failReason", "type"),
        "RunSummary",
        '{"id": "run_1", "repo": "acme/shop", "prompt": "Go", "model": "opus", "status": "running", "outputs": [],'
        ' "failReason": "error", "templateSlug": "node", "createdAt": "2026-03-01T12:00:00Z"}',
    ),
    Laxer(
        "a member by its Python name",
        "So that requests can be written as `RunGuardrails(max_turns=5)`; what is sent has the document's names.",
        lambda error: error.keyword == "required" and snake_case(error.value) in error.instance,
        "RunCreated",
        '{"id": "run_1", "status": "pending", "created_at": "2026-03-01T12:00:00Z"}',
    ),
    Laxer(
        "U+FEFF in a repository's name",
        "It is a space to ECMA-262's \\s, not to pydantic's.",
        lambda error: error.keyword == "pattern" and "\\s" in error.value and SPACES[0] in error.instance,
        "Repository",
        '{"fullName": "acme/\\ufeffshop"}',
    ),
)

STRICTER = (
    Stricter(
        "a whole number that is written with a fraction, such as 1.0",
        "Integers are strict, so that no text, no boolean and no 1.5 is taken for one; JSON of every usual server"
        " writes whole numbers without a fraction.",
        lambda kind, value: kind == "int_type" and isinstance(value, float) and value.is_integer(),
        "RunGuardrails",
        '{"maxTurns": 5.0}',
    ),
    Stricter(
        "a leap second, the year 0",
        "Python's datetime has neither.",
        lambda kind, value: kind in ("datetime_from_date_parsing", "datetime_parsing") and isinstance(value, str),
        "RunCreated",
        '{"id": "run_1", "status": "pending", "createdAt": "2016-12-31T23:59:60Z"}',
    ),
    Stricter(
        "anything under the Python name of a member",
        "The schemas see a member that they do not name; the models see theirs (see the same in the other direction).",
        lambda kind, value: kind == "by name",
        "RunGuardrails",
        '{"max_turns": "many"}',
    ),
    Stricter(
        "U+0085 in a repository's name",
        "It is a space to pydantic's \\s, not to ECMA-262's.",
        lambda kind, value: kind == "string_pattern_mismatch" and SPACES[1] in str(value),
        "Repository",
        '{"fullName": "acme/\\u0085shop"}',
    ),
)
