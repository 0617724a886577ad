"""Where does the single-page reference come from? `python -m scripts.reference` (`make docs`) writes it.

Redocly, from npm, makes the page of what `scripts.reference_document` writes; it is installed under `.tools/` once, in
the version and with the checksum of scripts/redocly/package-lock.json. The page holds all that it needs and asks no
other host. Exit status: 0 it is written, 2 it is not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import document as doc
from scripts.go_tools import TOOLS
from scripts.reference_document import reference_document

PAGE = doc.ROOT / "generated" / "reference.html"
LOCKED = doc.ROOT / "scripts" / "redocly"
HOW_TO_GET_NODE = "install Node.js 20.19 or newer with npm (nodejs.org, or your system's packages)"
POLICY = "default-src 'unsafe-inline' 'unsafe-eval' data: blob:; base-uri 'none'; form-action 'none'"
"""What the page may load: itself."""
HEAD = f"""\
  <meta http-equiv="Content-Security-Policy" content="{POLICY}">
  <style>td code {{ white-space: nowrap !important; }}</style>"""


class PageError(Exception):
    """The page cannot be made; the message is one line."""


def redocly(tools: Path = TOOLS) -> Path:
    """Where Redocly's command is in this project, installed or not; another version is another place."""
    lock = json.loads((LOCKED / "package-lock.json").read_text(encoding="utf-8"))
    version = lock["packages"]["node_modules/@redocly/cli"]["version"]
    return tools / f"redocly@{version}" / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"


def installed_redocly(tools: Path = TOOLS) -> Path:
    """The path of Redocly's command, which npm installs when it is not there yet. Raises `PageError`."""
    command = redocly(tools)
    if command.is_file():
        return command
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise PageError(f"Redocly runs on Node.js, and there is no node with npm: {HOW_TO_GET_NODE}")
    folder = command.parents[4]
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(LOCKED / name, folder / name)
    arguments = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    result = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode or not command.is_file():
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        raise PageError(f"Redocly cannot be installed: npm says {lines[0].strip()!r}; {HOW_TO_GET_NODE}")
    return command


def page_of(document: dict[str, object], command: Path) -> str:
    """The page of a document, which Redocly makes. Raises `PageError`."""
    with tempfile.TemporaryDirectory(prefix="cospec-reference-") as directory:
        source, page = Path(directory, "cospec.json"), Path(directory, "reference.html")
        source.write_text(json.dumps(document), encoding="utf-8")
        result = subprocess.run(
            ["node", command, "build-docs", source, f"--output={page}", "--inlineBundle", "--openapi.layout=stacked"],
            cwd=directory,
            env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode or not page.exists():
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no reason given"]
            raise PageError(f"Redocly cannot make the page: {lines[-1].strip()}")
        text = page.read_text(encoding="utf-8")
    if "<head>" not in text:
        raise PageError("Redocly made no HTML page")
    return text.replace("<head>", f"<head>\n{HEAD}", 1)


def main(arguments: list[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m scripts.reference", description="Write the reference.")
    parser.add_argument("--output", type=Path, default=PAGE, help="default: generated/reference.html")
    options = parser.parse_args(arguments)
    try:
        page = page_of(reference_document(doc.load()), installed_redocly())
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(page, encoding="utf-8")
    except (PageError, doc.DocumentError, OSError) as error:
        print(f"reference: {error}", file=sys.stderr)
        return 2
    print(f"reference: wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
