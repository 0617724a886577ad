"""What do the runs of all tools come to? What a tool says of a right mock as well does not count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from mock_server.altered import Alteration
from mock_server.faults import FAULTS
from mock_server.variants import VARIANTS
from scripts.tools.tool import Said, Tool, try_tool

CONFORMING = "conforming"
FAULT = "fault"
VARIANT = "variant"


@dataclass(frozen=True)
class Task:
    """One run: a tool, what kind of mock, which one, and a seed."""

    tool: str
    kind: str
    name: str
    seed: int


def tasks(
    tools: Iterable[str], faults: Sequence[str], variants: Sequence[str], seed: int, baselines: int
) -> list[Task]:
    """All that is to be run; the conforming mock with several seeds, to know what a tool says of it by chance."""
    return [
        task
        for tool in tools
        for task in (
            *(Task(tool, CONFORMING, CONFORMING, seed + number) for number in range(baselines)),
            *(Task(tool, VARIANT, name, seed) for name in variants),
            *(Task(tool, FAULT, name, seed) for name in faults),
        )
    ]


def carry_out(task: Task, tool: Tool, command: str, longest_seconds: float) -> Said:
    """Run it."""
    alterations: list[Alteration] = []
    if task.kind == FAULT:
        alterations.append(FAULTS[task.name].alter)
    elif task.kind == VARIANT:
        alterations.append(VARIANTS[task.name].alter)
    return try_tool(
        tool,
        command,
        alterations=alterations,
        fault=task.name if task.kind == FAULT else None,
        variant=task.name if task.kind == VARIANT else None,
        seed=task.seed,
        longest_seconds=longest_seconds,
    )


class Journal:
    """What was said until now, a line a run, so that an interrupted comparison can go on."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self._file = file
        self.said: dict[Task, Said] = {}
        if not resume:
            file.write_text("", encoding="utf-8")
        elif file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                said = {**entry["said"], "findings": frozenset(entry["said"]["findings"])}
                self.said[Task(**entry["task"])] = Said(**said)

    def add(self, task: Task, said: Said) -> None:
        """Take down one run."""
        self.said[task] = said
        entry = {"task": asdict(task), "said": {**asdict(said), "findings": sorted(said.findings)}}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def carry_out_all(
    planned: Sequence[Task], ask: Callable[[Task], Said], journal: Journal, jobs: int, progress: Callable[[str], object]
) -> None:
    """Run what the journal does not know yet, `jobs` at a time."""
    left = [task for task in planned if task not in journal.said]
    with ThreadPoolExecutor(jobs) as pool:
        under_way = {pool.submit(ask, task): task for task in left}
        for done, future in enumerate(as_completed(under_way), start=1):
            task = under_way[future]
            journal.add(task, future.result())
            progress(f"{done} of {len(left)}: {task.tool} {task.name} {journal.said[task].seconds:.0f} s")


@dataclass(frozen=True)
class Row:
    """What a tool's runs come to."""

    tool: str
    faults: int
    caught: list[str]
    variants: int
    alarmed: list[str]
    conforming: list[str]
    """What it holds against the conforming mock, with any seed."""
    silent: list[str]
    """What it said nothing of."""
    requests: float
    """Of a run against the conforming mock, the median."""
    seconds: float


def judge(tool: str, planned: Iterable[Task], said: dict[Task, Said]) -> Row:
    """Judge a tool finding by finding: only what it does not hold against the conforming mock as well counts."""
    own = {task: said[task] for task in planned if task.tool == tool and task in said}
    right = [each for task, each in own.items() if task.kind == CONFORMING and each.error is None]
    known = frozenset[str]().union(*(each.findings for each in right))
    new = [task for task, each in own.items() if each.findings - known]
    return Row(
        tool=tool,
        faults=sum(task.kind == FAULT for task in own),
        caught=[task.name for task in new if task.kind == FAULT],
        variants=sum(task.kind == VARIANT for task in own),
        alarmed=[task.name for task in new if task.kind == VARIANT],
        conforming=sorted(known),
        silent=[task.name for task, each in own.items() if each.error is not None],
        requests=median([each.requests for each in right]) if right else 0,
        seconds=median([each.seconds for each in right]) if right else 0,
    )


def as_table(rows: Iterable[Row], titles: dict[str, str]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| tool | faults caught | false alarms on variants | held against the right mock | requests | seconds |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {titles[row.tool]} | {len(row.caught)} of {row.faults} | {len(row.alarmed)} of {row.variants} "
            f"| {len(row.conforming)} | {row.requests:,.0f} | {row.seconds:.0f} |"
            for row in rows
        ),
    ]
    return "\n".join(lines) + "\n"
