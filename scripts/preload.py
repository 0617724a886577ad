"""Import and read what every run of the suite needs, so that a forked process has it: pytest, suite, mock, document."""

from __future__ import annotations

import contextlib
import gc
import io
from importlib import import_module
from importlib.metadata import entry_points

import pytest
import trustme
import uvicorn

from contract_tests.harness.document import Document
from contract_tests.harness.sampling import Sampler
from generated.contract import OPERATIONS
from mock_server.validation import request_rules
from scripts import trial
from scripts.verdict import ROOT

with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    # What a run of pytest imports on its way is there too, then.
    pytest.main(["--collect-only", "-p", "no:cacheprovider", f"--rootdir={ROOT}", str(ROOT / "contract_tests")])
for _entry in entry_points(group="pytest11"):
    _entry.load()
for _file in sorted((ROOT / "contract_tests").glob("*.py")):
    import_module(f"contract_tests.{_file.stem}")
request_rules()
# The first draw of each kind takes twice as long as a later one.
_sampler = Sampler(Document(), seed=0)
for _operation_id in OPERATIONS:
    for _drawn in (
        _sampler.queries(_operation_id, 1),
        _sampler.bodies(_operation_id, 1, valid=True),
        _sampler.bodies(_operation_id, 1, valid=False),
    ):
        list(_drawn)
# What is here stays: a forked process need not look through it for garbage, nor copy it for that.
gc.collect()
gc.freeze()

__all__ = ["trial", "trustme", "uvicorn"]
