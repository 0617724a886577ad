"""How is each generator run? A generator takes a client of the table, a document and an empty folder, and fills it.

What a generator is told stands in the client's own folder: a configuration, templates that replace some of its own, and
files that are laid beside its output.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from scripts.clients.tools import FILES, npm_tools, python_tools, run
from scripts.go_tools import OAPI_CODEGEN, installed

Generator = Callable[[str, Path, Path], None]
"""The client's name, the document's file, the folder to fill."""

GO_MODULE = "cospec.io/client"
GO_VERSION = "1.24"
GO_REQUIREMENTS = ("github.com/oapi-codegen/nullable@v1.1.0", "github.com/oapi-codegen/runtime@v1.8.0")


def openapi_generator(name: str, document: Path, output: Path) -> None:
    """OpenAPI Generator, a Java program; `generatorName` and all options are in the client's config.yaml."""
    own = FILES / name
    command: list[str | Path] = [
        python_tools() / "openapi-generator-cli",
        "generate",
        "--input-spec",
        document,
        "--output",
        output,
    ]
    command += ["--config", own / "config.yaml", "--ignore-file-override", FILES / "openapi-generator-ignore"]
    command += ["--global-property", "apiTests=false,modelTests=false"]
    if (own / "templates").is_dir():
        command += ["--template-dir", own / "templates"]
    run(command, output, "OpenAPI Generator")


def openapi_typescript(name: str, document: Path, output: Path) -> None:
    """openapi-typescript, which writes types; openapi-fetch makes requests of them."""
    own = FILES / name
    shutil.copytree(own, output, dirs_exist_ok=True)
    command: list[str | Path] = [
        npm_tools(own) / ".bin" / "openapi-typescript",
        document,
        "--output",
        output / "src" / "schema.ts",
    ]
    # A member with a default may still be left out of a request.
    run([*command, "--default-non-nullable=false"], output, "openapi-typescript")


def openapi_python_client(name: str, document: Path, output: Path) -> None:
    """openapi-python-client: attrs and httpx."""
    own = FILES / name
    bin_ = python_tools()
    command: list[str | Path] = [
        bin_ / "openapi-python-client",
        "generate",
        "--path",
        document,
        "--output-path",
        output,
        "--overwrite",
    ]
    command += ["--config", own / "config.yaml", "--meta", "uv", "--custom-template-path", own / "templates"]
    run([*command, "--fail-on-warning"], output, "openapi-python-client")


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
    shutil.copy2(FILES / name / "client.go", output)
    run(["go", "mod", "init", GO_MODULE], output, "go mod init")
    run(["go", "mod", "edit", f"-go={GO_VERSION}"], output, "go mod edit")
    run(["go", "get", *GO_REQUIREMENTS], output, "go get")
    run(["go", "mod", "tidy"], output, "go mod tidy")
