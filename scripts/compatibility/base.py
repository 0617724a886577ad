"""Where does the earlier document come from: a URL, a file, or a commit of this repository?"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

from scripts import document as doc

TIMEOUT_SECONDS = 20
BYTES_AT_MOST = 16 * 1024 * 1024
HOW = "BASE is a git ref such as origin/main, a file or a URL"


class BaseError(Exception):
    """The earlier document is not to be had; the message is one line that says why and what to do."""


def load_base(base: str, root: Path = doc.ROOT, file: Path = doc.DOCUMENT) -> dict[str, Any]:
    """Read the document that `base` names. Raises `BaseError`."""
    if not base:
        raise BaseError(f"compared with what? {HOW}")
    if base.startswith(("http://", "https://")):
        text = _downloaded(base)
    elif Path(base).is_file():
        try:
            text = Path(base).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BaseError(f"{base} cannot be read: {error}") from error
    else:
        text = _committed(base, root, file)
    try:
        document = doc.parse(text, base)
    except doc.DocumentError as error:
        raise BaseError(str(error)) from error
    if not str(document.get("openapi", "")).startswith("3."):
        raise BaseError(f"{base} is no OpenAPI 3 document")
    return document


def _downloaded(url: str) -> str:
    try:
        with requests.get(url, timeout=TIMEOUT_SECONDS, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise BaseError(f"{url} is answered {response.status_code}, not 200")
            content = b""
            for chunk in response.iter_content(64 * 1024):
                content += chunk
                if len(content) > BYTES_AT_MOST:
                    raise BaseError(f"{url} is longer than {BYTES_AT_MOST} bytes: no document")
    except requests.RequestException as error:
        raise BaseError(f"{url} cannot be fetched: {type(error).__name__}; is the address right?") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BaseError(f"{url} is not UTF-8 (byte {error.start})") from error


def _committed(ref: str, root: Path, file: Path) -> str:
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        raise BaseError(f"{ref} is neither a file nor a commit that git knows here; fetch it first, or: {HOW}")
    path = file.resolve().relative_to(root.resolve()).as_posix()
    text = _git(root, "show", f"{commit.strip()}:{path}")
    if text is None:
        raise BaseError(f"{ref} has no {path}")
    return text


def _git(root: Path, *arguments: str) -> str | None:
    """What git says, or nothing when it fails or is missing."""
    try:
        result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
        return None if result.returncode else result.stdout.decode()
    except (OSError, UnicodeDecodeError):
        return None
