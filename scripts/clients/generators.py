"""How is each generator run? A generator takes a client of the table, a document and an empty folder, and fills it.

What a generator is told stands in the client's own folder: a configuration, templates that replace some of its own,
patches of others, and, in `beside`, files that are laid beside its output.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import yaml

from scripts.clients.tools import FILES, ClientError, npm_tools, python_tools, run
from scripts.go_tools import OAPI_CODEGEN, installed

Generator = Callable[[str, Path, Path], None]
"""The client's name, the document's file, the folder to fill."""

BESIDE = "beside"
"""The folder of a client's folder whose files are laid beside the output."""
GO_MODULE = "cospec.io/client"
GO_VERSION = "1.24"
GO_REQUIREMENTS = ("github.com/oapi-codegen/nullable@v1.1.0", "github.com/oapi-codegen/runtime@v1.8.0")


def openapi_generator(name: str, document: Path, output: Path) -> None:
    """OpenAPI Generator, a Java program; `generatorName` and all options are in the client's config.yaml."""
    own = FILES / name
    shutil.copy2(FILES / "openapi-generator-ignore", output / ".openapi-generator-ignore")
    command: list[str | Path] = [python_tools() / "openapi-generator-cli", "generate", "--config", own / "config.yaml"]
    command += ["--input-spec", document, "--output", output, "--global-property", "apiTests=false,modelTests=false"]
    templates = output.parent / "templates"
    if (own / "templates").is_dir():
        shutil.copytree(own / "templates", templates)
    if (own / "patches.yaml").is_file():
        patch_templates(own / "patches.yaml", templates)
    if templates.is_dir():
        command += ["--template-dir", templates]
    run(command, output, "OpenAPI Generator")
    for leftover in (".openapi-generator", "gradle"):
        shutil.rmtree(output / leftover, ignore_errors=True)
    (output / ".openapi-generator-ignore").unlink()


def patch_templates(patches: Path, folder: Path, jar: Path | None = None) -> None:
    """Write the generator's own templates to `folder`, changed as `patches` says. Raises `ClientError`.

    `find` stands in its template once: a generator that was changed there is noticed.
    """
    changed: dict[str, str] = {}
    with zipfile.ZipFile(jar or _jar()) as archive:
        for patch in yaml.safe_load(patches.read_text(encoding="utf-8")):
            name = patch["template"]
            text = changed.get(name) or archive.read(name).decode()
            if text.count(patch["find"]) != 1:
                raise ClientError(f"{patches}: {patch['find'].strip()!r} is not there once in {name} of the generator")
            changed[name] = text.replace(patch["find"], patch["replace"])
    for name, text in changed.items():
        path = folder / name.partition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _jar() -> Path:
    (jar,) = python_tools().parent.glob("lib/python*/site-packages/openapi_generator_cli/openapi-generator.jar")
    return jar


def openapi_typescript(name: str, document: Path, output: Path) -> None:
    """openapi-typescript, which writes types; openapi-fetch makes requests of them."""
    modules = npm_tools(name, FILES / name / BESIDE)
    command: list[str | Path] = [modules / ".bin" / "openapi-typescript", document]
    # A member with a default may still be left out of a request.
    command += ["--output", output / "src" / "schema.ts", "--default-non-nullable=false"]
    run(command, output, "openapi-typescript")


def openapi_python_client(name: str, document: Path, output: Path) -> None:
    """openapi-python-client: attrs and httpx."""
    own = FILES / name
    command: list[str | Path] = [python_tools() / "openapi-python-client", "generate", "--path", document]
    command += ["--config", own / "config.yaml", "--custom-template-path", own / "templates"]
    command += ["--output-path", output, "--overwrite", "--meta", "uv", "--fail-on-warning"]
    run(command, output, "openapi-python-client")


def oapi_codegen(name: str, document: Path, output: Path) -> None:
    """oapi-codegen, which reads OpenAPI 3.1 by itself."""
    command: list[str | Path] = [
        installed(OAPI_CODEGEN),
        "-config",
        FILES / name / "config.yaml",
        "-o",
        output / "client.gen.go",
        document,
    ]
    run(command, output, "oapi-codegen")
    run(["go", "mod", "init", GO_MODULE], output, "go mod init")
    run(["go", "mod", "edit", f"-go={GO_VERSION}"], output, "go mod edit")
    run(["go", "get", *GO_REQUIREMENTS], output, "go get")
    run(["go", "mod", "tidy"], output, "go mod tidy")
