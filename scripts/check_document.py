"""Does the document hold? Prints each defect with its JSON pointer; `python -m scripts.check_document [FILE]`.

Leaves what a defect is to `scripts.document_checks`. Exit status: 0 no defect, 1 defects, 2 the file cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts import document as doc
from scripts.document_checks import CHECKS, findings


def main(arguments: list[str] | None = None) -> int:
    """Check a file and print what is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.check_document", description="Check the document.")
    parser.add_argument("file", nargs="?", type=Path, default=doc.DOCUMENT, help="default: openapi/cospec.yaml")
    options = parser.parse_args(arguments)
    try:
        document = doc.load(options.file)
    except doc.DocumentError as error:
        print(f"check_document: {error}", file=sys.stderr)
        return 2
    found = findings(document)
    for finding in found:
        print(finding)
    name = options.file.name
    print(
        f"check_document: {name}: {len(found)} findings"
        if found
        else f"check_document: {name} holds {len(CHECKS)} checks"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
