"""How does a client come to be? Its generator fills a folder, licence and README are laid beside, the old one goes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.clients.generators import BESIDE
from scripts.clients.shapes import shaped
from scripts.clients.table import Client
from scripts.clients.tools import FILES, require
from scripts.document import ROOT

CLIENTS_FOLDER = ROOT / "generated" / "clients"
LICENSE = ROOT / "LICENSE"


def readme(client: Client, version: str) -> str:
    """The client's README: what is written for it, and what it was made by."""
    text = (FILES / client.name / "README.md").read_text(encoding="utf-8")
    made_by = f"{client.generator.name} {client.generator.version}"
    return (
        f"{text}\nThe package is `{client.package}`, made by {made_by} from version {version} of the contract. "
        "Do not edit it: change the contract and make it anew.\n"
    )


def make(client: Client, document: Mapping[str, Any], clients: Path = CLIENTS_FOLDER) -> Path:
    """Write the client's folder and return it. Raises `ClientError` and `ToolError`; the old one stays then."""
    require(client.generator.needs, f"making the {client.language} client")
    clients.mkdir(parents=True, exist_ok=True)
    target = clients / client.name
    with tempfile.TemporaryDirectory(dir=clients, prefix=f".{client.name}-") as directory:
        source, output = Path(directory, "cospec.json"), Path(directory, "output")
        source.write_text(json.dumps(shaped(document, client.shapes), ensure_ascii=False), encoding="utf-8")
        output.mkdir()
        client.generator.run(client.name, source, output)
        beside = FILES / client.name / BESIDE
        if beside.is_dir():
            shutil.copytree(beside, output, dirs_exist_ok=True)
        shutil.copy2(LICENSE, output / "LICENSE")
        (output / "README.md").write_text(readme(client, str(document["info"]["version"])), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        output.rename(target)
    return target
