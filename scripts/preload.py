"""Import what every run of the suite needs, so that a forked process has it: pytest's plugins, suite and mock."""

from importlib import import_module
from importlib.metadata import entry_points

from scripts import trial
from scripts.verdict import ROOT

for _entry in entry_points(group="pytest11"):
    _entry.load()
for _file in sorted((ROOT / "contract_tests").glob("*.py")):
    import_module(f"contract_tests.{_file.stem}")

__all__ = ["trial"]
