"""What does oasdiff find between two documents? Runs it and reads what it says as changes.

Webhooks and the codes of problems are left to this package's own comparisons: oasdiff takes a webhook for a request
that a client sends, so that it judges its members the wrong way round.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.compatibility.changes import Change, Level

LEVELS = {
    # Clients are generated from operationIds, tags and the names of schemas
    "api-operation-id-removed": "err",
    "api-tag-removed": "warn",
    "api-schema-removed": "warn",
    # The document tells clients not to send what it does not name
    "request-parameter-removed": "err",
    "request-property-removed": "err",
    # Whether the new pattern lets other values through is for a person to say
    "request-parameter-pattern-changed": "err",
    "request-property-pattern-changed": "err",
    "response-property-pattern-changed": "err",
    # What a request means changes for everyone who left it to the default
    "request-parameter-default-value-changed": "err",
    "request-parameter-default-value-removed": "err",
    "request-property-default-value-changed": "err",
    "request-property-default-value-removed": "err",
    # May always have been left out, but some read it
    "response-optional-property-removed": "warn",
    "response-non-success-status-removed": "warn",
    # Told by the verdict
    "api-major-version-not-bumped": "none",
    "api-version-not-bumped": "none",
    # Told by `outgoing`
    "webhook-added": "none",
    "webhook-removed": "none",
}
"""Where this API's promises make a change weigh more or less than oasdiff thinks."""

_ENUM_CHANGES = ("response-property-enum-value-added", "response-property-enum-value-removed")
_PROBLEM_VALUE = re.compile(r"`(?P<value>[A-Z_]+|\d{3}\.00)` enum value (?:to|from) the `(?P<name>[^`]+)`")
_STATUS = re.compile(
    r",? (?:for|from|of|in|to) (?:the )?(?:response )?status `(?P<status>\w+)`"
    r"|(?P<of>from|to|of|in) the response with the `(?P<other>\w+)` status"
)
_MEDIA_TYPE = re.compile(r" \(media type: [^)]*\)")


class OasdiffError(Exception):
    """oasdiff could not compare; the message is one line."""


def operation_changes(
    base: dict[str, Any], revision: dict[str, Any], command: Path, file: Path | None = None
) -> Iterator[Change]:
    """What changed in the operations under `paths`. Raises `OasdiffError`."""
    lines = _lines(base, revision, command, file) if file else {}
    codes = {*_mapping(base, "x-problem-catalogue"), *_mapping(revision, "x-problem-catalogue")}
    for found in compared(base, revision, command):
        path = found.get("path", "")
        if path.startswith("webhook:") or _is_of_problems(found, codes):
            continue
        where = f"{found['operation']} {path}" if path and found.get("operation") else found.get("section", "document")
        text, status = without_response(found["text"])
        line = lines.get(found["fingerprint"])
        yield Change(found["id"], Level(found["level"]), f"{where} ({status})" if status else where, text, line)


def without_response(text: str) -> tuple[str, str | None]:
    """A sentence of oasdiff's without the response that it speaks of, and that response's status."""
    text = _MEDIA_TYPE.sub("", text)
    said = _STATUS.search(text)
    if said is None:
        return text, None
    rest = f"{said['of']} the response" if said["of"] else ""
    return text[: said.start()] + rest + text[said.end() :], said["status"] or said["other"]


def compared(
    base: dict[str, Any], revision: dict[str, Any], command: Path, *, file: Path | None = None, flatten: bool = True
) -> list[dict[str, Any]]:
    """Run oasdiff on two documents and return what it lists. Raises `OasdiffError`.

    `file` is where the revision stands; `flatten` puts the parts of each `allOf` together, without which oasdiff does
    not judge what is in them, but with which it forgets most lines.
    """
    with tempfile.TemporaryDirectory(prefix="cospec-compat-") as directory:
        folder = Path(directory)
        levels = folder / "levels.txt"
        levels.write_text("".join(f"{name} {level}\n" for name, level in LEVELS.items()), encoding="utf-8")
        earlier, later = folder / "base.json", folder / "revision.json"
        earlier.write_text(json.dumps(base), encoding="utf-8")
        if file is None:
            later.write_text(json.dumps(revision), encoding="utf-8")
        result = subprocess.run(
            [
                *(command.resolve(), "changelog", earlier, (file or later).resolve(), "--format=json"),
                *("--allow-external-refs=false", f"--severity-levels={levels}", f"--flatten-allof={flatten}".lower()),
            ],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.startswith("OASDIFF_")},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            reason = " ".join(result.stderr.split()) or f"exit status {result.returncode}"
            reason = reason.replace(str(earlier), "the earlier document").replace(str(later), "the later document")
            raise OasdiffError(f"oasdiff cannot compare: {reason.removeprefix('Error: ')}")
    try:
        found = json.loads(result.stdout) if result.stdout.strip() else []
    except ValueError as error:
        raise OasdiffError(f"oasdiff answered what is no JSON: {error}") from error
    return found or []


def _lines(base: dict[str, Any], revision: dict[str, Any], command: Path, file: Path) -> dict[str, int]:
    """The line in `file` of each change that has one, by the change's fingerprint."""
    listed = compared(base, revision, command, file=file, flatten=False)
    sources = {found["fingerprint"]: found.get("revisionSource") for found in listed}
    return {name: source["line"] for name, source in sources.items() if source and "line" in source}


def _is_of_problems(found: dict[str, Any], codes: set[str]) -> bool:
    """Whether the codes of problems say it already: a value of a problem's `type` or `status`."""
    said = _PROBLEM_VALUE.search(found["text"]) if found["id"] in _ENUM_CHANGES else None
    if said is None:
        return False
    name = said["name"].rpartition("/")[2]
    return (name == "type" and said["value"] in codes) or (name == "status" and said["value"].endswith(".00"))


def _mapping(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
