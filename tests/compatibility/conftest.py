"""What do the tests of the comparison stand on?"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.go_tools import OASDIFF


@pytest.fixture(scope="session")
def oasdiff() -> Path:
    """The command of oasdiff, where it was installed."""
    path = OASDIFF.path()
    if not path.is_file():
        pytest.skip(f"{path.parent.name} is not installed: `make check-gate` installs it, where Go is")
    return path
