"""Which tools are compared?"""

from __future__ import annotations

from scripts.tools import dredd, prism, schemathesis, specmatic, suite
from scripts.tools.tool import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        suite.SUITE, schemathesis.DEFAULT, schemathesis.TUNED, prism.PRISM, specmatic.SPECMATIC, dredd.DREDD,
    )
}  # fmt: skip
