"""How do `generated/models.py` and `generated/contract.py` come out of the document, and are they up to date?

`python -m scripts.generate` writes them; with `--check` it writes nothing, names the files that differ and exits 1.
Leaves the text of the tables to `scripts.generate_contract` and the models to datamodel-code-generator.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import document as doc
from scripts.generate_contract import contract_module, formatted

GENERATED = doc.ROOT / "generated"

PACKAGE_DOCSTRING = '''\
"""Made from openapi/cospec.yaml by `make generate`, never edited.

`contract` holds the tables (operations, problem codes, limits, header names), `models` the bodies of requests,
responses and events.
"""
'''

MODELS_DOCSTRING = '''\
"""Pydantic models of the bodies of requests, responses and events.

Generated from openapi/cospec.yaml by `make generate`: do not edit.

Read an answer with `Run.model_validate_json(body)`; members that the document does not name are ignored. The unions
`RunOutput`, `RunSummaryOutput` and `RunEvent` are types, not classes: read one alone with
`TypeAdapter(RunEvent).validate_json(body)`. Write a request with
`request.model_dump_json(by_alias=True, exclude_unset=True)`: what was never set stays out, and a null that was set
goes in. Where models and schemas still differ is listed in tests/test_models.py.
"""
'''

# The formatters are named so that neither their defaults nor what is installed changes the text.
MODEL_OPTIONS = (
    "--ignore-pyproject",
    "--input-file-type=openapi",
    "--schema-version=3.1",
    "--strict-refs",
    "--no-allow-remote-refs",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--target-pydantic-version=2.12",
    "--formatters=builtin",
    "--disable-timestamp",
    # Types
    "--use-annotated",
    "--field-constraints",
    "--use-type-alias-type",
    "--use-typed-nullable-map-values",
    "--strict-nullable",
    "--strict-types",
    "int",
    "float",
    "bool",
    "--output-datetime-class=AwareDatetime",
    "--type-mappings=uri=string",  # AnyUrl would rewrite the URL and drop the bound on its length
    # Enums of components are classes, enums written in place are literals
    "--use-specialized-enum",
    "--capitalise-enum-members",
    "--enum-field-as-literal=one",
    '--enum-field-as-literal-map={"type": "literal", "status": "literal"}',
    "--deserialize-default-values=enum",
    # Names and docstrings
    "--naming-strategy=full-path",
    "--snake-case-field",
    "--allow-population-by-field-name",
    "--use-generic-base-class",
    "--use-schema-description",
    "--use-field-description",
    "--use-single-line-docstring",
    "--use-attribute-docstrings",
)


class GenerationError(Exception):
    """Nothing can be generated from the document; the message says why in a line or two."""


def models_module(document: Path = doc.DOCUMENT) -> str:
    """The text of `generated/models.py`; the same text for the same document. Raises `GenerationError`."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "models.py"
        command = [sys.executable, "-W", "ignore", "-m", "datamodel_code_generator", *MODEL_OPTIONS]
        command += [f"--custom-file-header={MODELS_DOCSTRING}", f"--input={document}", f"--output={output}"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=directory, check=False)
        if result.returncode or not output.exists():
            lines = result.stderr.strip().splitlines() or ["no reason given"]
            raise GenerationError(f"datamodel-code-generator: {lines[-1]}")
        return formatted(output.read_text(encoding="utf-8"))


def generated_files(document: Path = doc.DOCUMENT) -> dict[str, str]:
    """The text of each file under `generated/`, by name. Raises `DocumentError`, `GenerationError`."""
    value = doc.load(document)
    try:
        tables = contract_module(value)
    except (KeyError, TypeError, ValueError) as error:
        raise GenerationError(f"{document}: the tables lack {error}; `make check` says more") from error
    return {"__init__.py": PACKAGE_DOCSTRING, "contract.py": tables, "models.py": models_module(document)}


def outdated(files: dict[str, str], directory: Path = GENERATED) -> list[str]:
    """The names of the files in `directory` that do not have the given text, the ones that are too many included."""
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.py")}
    return sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files. Exit status 0: up to date; 1: not (with --check); 2: nothing could be generated."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.generate", description="Write generated/ from the document."
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file differs")
    options = parser.parse_args(arguments)
    try:
        files = generated_files()
    except (doc.DocumentError, GenerationError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return 2
    names = outdated(files)
    if options.check:
        for name in names:
            print(
                f"generate: generated/{name} differs from what the document gives: run `make generate`", file=sys.stderr
            )
        return 1 if names else 0
    GENERATED.mkdir(exist_ok=True)
    for name in names:
        if name in files:
            (GENERATED / name).write_text(files[name], encoding="utf-8", newline="\n")
        else:
            (GENERATED / name).unlink()
    print(f"generate: wrote {', '.join(names)}" if names else "generate: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
