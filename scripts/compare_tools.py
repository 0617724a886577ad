"""What do other tools see of the faults, and what do they make of the variants? Runs each against the same mocks.

A fault is caught when a tool holds something against it that it does not hold against the conforming mock; a variant
against which it holds something new is a false alarm. The whole takes many hours, so a sample of faults and variants is
drawn, in which each subject has its share.

Writes `reports/comparison.md`, `comparison.json` and, a line a run, `comparison.jsonl`. Exit status: 0 compared, 2 no
tool is there or nothing is to be tried.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

from mock_server.faults import FAULTS
from mock_server.variants import VARIANTS
from scripts.tools.comparison import Journal, Task, as_table, carry_out, carry_out_all, judge, tasks
from scripts.tools.sample import sample
from scripts.tools.table import TOOLS
from scripts.tools.tool import Said
from scripts.verdict import NOTHING_SAID, ROOT

REPORTS = ROOT / "reports"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the tools that are there and tell which are not."""
    options = _parser().parse_args(arguments)
    given = dict(options.commands)
    if unknown := [name for name in (*options.tools, *given) if name not in TOOLS]:
        return _nothing_said(f"there is no tool {', '.join(unknown)}: {', '.join(TOOLS)}")
    commands = {name: TOOLS[name].found(given.get(name)) for name in options.tools}
    for name in [name for name, command in commands.items() if command is None]:
        print(f"{name} is not there: {TOOLS[name].get}, then put it on the path or say --command {name}=PATH.")
    there = {name: command for name, command in commands.items() if command is not None}
    if not there:
        return _nothing_said("no tool is there")
    faults = sample(FAULTS.values(), len(FAULTS) if options.all else options.faults, options.seed)
    variants = sample(VARIANTS.values(), len(VARIANTS) if options.all else options.variants, options.seed)
    names = [fault.name for fault in faults], [variant.name for variant in variants]
    planned = tasks(there, *names, options.seed, options.baselines)
    REPORTS.mkdir(exist_ok=True)
    journal = Journal(REPORTS / "comparison.jsonl", resume=options.resume)

    def ask(task: Task) -> Said:
        return carry_out(task, TOOLS[task.tool], there[task.tool], options.longest)

    carry_out_all(planned, ask, journal, options.jobs, lambda line: print(line, file=sys.stderr, flush=True))
    rows = [judge(name, planned, journal.said) for name in there]
    titles = {name: f"{TOOLS[name].title} {TOOLS[name].version(command)}".strip() for name, command in there.items()}
    text = as_table(rows, titles)
    told = f"{len(faults)} of {len(FAULTS)} faults, {len(variants)} of {len(VARIANTS)} variants, seed {options.seed}."
    how = "".join(f"- {titles[name]}: {TOOLS[name].how}.\n" for name in there)
    (REPORTS / "comparison.md").write_text(f"{text}\n{told}\n\n{how}", encoding="utf-8")
    data = {"seed": options.seed, "tools": [{"title": titles[row.tool], **asdict(row)} for row in rows]}
    (REPORTS / "comparison.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    print(f"{text}\n{told}")
    for row in rows:
        if row.silent:
            print(f"{row.tool} said nothing of {', '.join(row.silent)}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.compare_tools", description=__doc__.partition("\n")[0])
    parser.add_argument("tools", nargs="*", default=list(TOOLS), metavar="TOOL", help=f"some of {', '.join(TOOLS)}")
    parser.add_argument("--faults", type=int, default=60, metavar="N", help="so many faults (default: %(default)s)")
    parser.add_argument("--variants", type=int, default=20, metavar="N", help="and variants (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="all faults and variants, which takes many hours")
    parser.add_argument("--seed", type=int, default=1, help="of the sample and of the tools (default: %(default)s)")
    parser.add_argument(
        "--baselines", type=int, default=3, metavar="N", help="runs against the conforming mock (default: %(default)s)"
    )
    parser.add_argument(
        "--longest", type=float, default=180.0, metavar="SECONDS", help="a run is given up then (default: %(default)g)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time (default: %(default)s)")
    parser.add_argument("--resume", action="store_true", help="keep what reports/comparison.jsonl has already")
    parser.add_argument(
        "--command", dest="commands", type=_command, action="append", default=[], metavar="TOOL=PATH",
        help="where a tool is; else it is looked for on the path",
    )  # fmt: skip
    return parser


def _command(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not TOOL=PATH")
    return name, path


def _nothing_said(reason: str) -> int:
    print(f"compare_tools: {reason}", file=sys.stderr)
    return NOTHING_SAID


if __name__ == "__main__":
    sys.exit(main())
