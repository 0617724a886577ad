"""Does a change of the contract break those who rely on it? `python -m scripts.compat BASE` (`make compat BASE=…`).

Compares openapi/cospec.yaml with an earlier one, lists each change with its level and writes reports/compatibility.md.
Exit status: 0 the change passes, 1 it breaks and nothing announces or accepts that, 2 nothing could be said.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from scripts import document as doc
from scripts.compatibility import ComparisonError, all_changes
from scripts.compatibility.accepted import FILE, AcceptedError, accepted_breaks
from scripts.compatibility.base import HOW, BaseError, load_base
from scripts.compatibility.oasdiff import OasdiffError
from scripts.compatibility.telling import as_annotations, as_markdown, as_text
from scripts.compatibility.verdict import Verdict, verdict_of, version_of
from scripts.go_tools import OASDIFF, ToolError, installed

MARKDOWN = doc.ROOT / "reports" / "compatibility.md"
NOTHING_SAID = 2


def compare(base: str, file: Path, accepted: Path) -> Verdict:
    """Compare the document in `file` with the one that `base` names. Raises what `main` tells."""
    entries = accepted_breaks(accepted)
    earlier, later = load_base(base), doc.load(file)
    changes = all_changes(earlier, later, installed(OASDIFF), file)
    versions = (version_of(earlier), version_of(later))
    today = datetime.now(UTC).date()
    return verdict_of(changes, base=base, versions=versions, accepted=entries, today=today)


def main(arguments: list[str] | None = None) -> int:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(prog="python -m scripts.compat", description="Compare the contract.")
    parser.add_argument("base", nargs="?", default="", help=HOW)
    parser.add_argument("--file", type=Path, default=doc.DOCUMENT, help="the later document")
    parser.add_argument("--accepted", type=Path, default=FILE, help="the accepted breaks")
    parser.add_argument("--markdown", type=Path, default=MARKDOWN, help="where to write Markdown")
    options = parser.parse_args(arguments)
    try:
        verdict = compare(options.base, options.file, options.accepted)
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(as_markdown(verdict), encoding="utf-8")
    except (AcceptedError, BaseError, ComparisonError, OasdiffError, ToolError, doc.DocumentError, OSError) as error:
        print(f"compat: {error}", file=sys.stderr)
        return NOTHING_SAID
    print(as_text(verdict), end="")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for annotation in as_annotations(verdict, _shown(options.file)):
            print(annotation)
    return 0 if verdict.passes else 1


def _shown(file: Path) -> str:
    """A file as its repository names it."""
    path = file.resolve()
    return path.relative_to(doc.ROOT).as_posix() if path.is_relative_to(doc.ROOT) else str(file)


if __name__ == "__main__":
    sys.exit(main())
