"""Which clients are there, what makes them, and what has to be installed for that?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.clients import generators
from scripts.clients.shapes import (
    Shape,
    open_unions,
    with_plain_discriminators,
    without_discriminators,
    without_extensions,
)
from scripts.clients.tools import FILES, GO, JAVA, JDK, LOCK, NODE, RUST, Toolchain
from scripts.go_tools import OAPI_CODEGEN


@dataclass(frozen=True)
class Generator:
    """What writes clients: its pinned version, how it is run, and the toolchains that it needs."""

    name: str
    version: str
    run: Callable[[str, Path, Path], None]
    needs: tuple[Toolchain, ...] = ()


@dataclass(frozen=True)
class Client:
    """A client: `scripts/clients/NAME/` tells its generator what to do, `generated/clients/NAME/` is the outcome."""

    name: str
    language: str
    package: str
    """What users of the language import."""
    generator: Generator
    shapes: tuple[Shape, ...] = ()
    builds_with: tuple[Toolchain, ...] | None = ()
    """What building and trying it needs; None: it is not tried."""


def _from_pypi(package: str) -> str:
    match = re.search(rf"^{package}==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise LookupError(f"{LOCK.name} does not pin {package}")
    return match[1]


def _from_npm(package: str) -> str:
    manifest = json.loads((FILES / "typescript" / generators.BESIDE / "package.json").read_text(encoding="utf-8"))
    return str(manifest["devDependencies"][package])


OPENAPI_GENERATOR = Generator(
    "OpenAPI Generator", _from_pypi("openapi-generator-cli"), generators.openapi_generator, (JAVA,)
)
OPENAPI_TYPESCRIPT = Generator(
    "openapi-typescript", _from_npm("openapi-typescript"), generators.openapi_typescript, (NODE,)
)
OPENAPI_PYTHON_CLIENT = Generator(
    "openapi-python-client", _from_pypi("openapi-python-client"), generators.openapi_python_client
)
GO_GENERATOR = Generator("oapi-codegen", OAPI_CODEGEN.version, generators.oapi_codegen, (GO,))

CLIENTS = {
    client.name: client
    for client in (
        Client("typescript", "TypeScript", "@cospec/client", OPENAPI_TYPESCRIPT, builds_with=(NODE,)),
        Client("python", "Python", "cospec_client", OPENAPI_PYTHON_CLIENT, (open_unions,)),
        Client("go", "Go", "cospec", GO_GENERATOR, builds_with=(GO,)),
        Client(
            "java",
            "Java",
            "io.cospec.client",
            OPENAPI_GENERATOR,
            (without_extensions, with_plain_discriminators, open_unions),
            builds_with=(JDK,),
        ),
        Client(
            "rust",
            "Rust",
            "cospec_client",
            OPENAPI_GENERATOR,
            (without_extensions, open_unions, without_discriminators),
            builds_with=(RUST,),
        ),
        Client(
            "csharp",
            "C#",
            "Cospec.Client",
            OPENAPI_GENERATOR,
            (without_extensions, open_unions, without_discriminators),
            builds_with=None,
        ),
    )
}
