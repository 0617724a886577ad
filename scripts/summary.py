"""What does a page of CI show of a run of the suite? Turns reports/report.json into Markdown and annotations.

`python -m scripts.summary [REPORT] --markdown FILE` appends to FILE, else prints; `--annotations` prints GitHub's
workflow commands, one for each broken promise. A report that is missing or cut short is told as such: it is no proof.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError

from contract_tests.harness.report_data import REPORT_NAME, Report, RuleData
from scripts.document import ROOT
from scripts.markup import annotation, cell, code, fenced

REPORT = ROOT / "reports" / REPORT_NAME
RULES_AT_MOST = 50
EVIDENCE_AT_MOST = 3
CHARACTERS_AT_MOST = 1500

_TITLES = {
    "conforms": "The server keeps the contract",
    "does not conform": "The server does not keep the contract",
    "nothing can be said": "Nothing can be said of the server",
}


def load(file: Path) -> Report | str:
    """The report, or why there is none."""
    try:
        return Report.model_validate_json(file.read_bytes())
    except OSError as error:
        return f"{file.name}: {error.strerror}; the suite ended before it wrote its report"
    except ValidationError as error:
        return f"{file.name} is no report: {error.errors(include_url=False)[0]['msg']}"


def as_markdown(report: Report) -> str:
    """The verdict, a table by subject, and each broken promise with what was seen and how to repeat it."""
    verdict = report.verdict
    title = _TITLES[verdict.outcome]
    if verdict.partial and verdict.outcome == "conforms":
        title = "The server keeps what was checked; only a part of the contract was"
    operations = {observation.operation_id for observation in report.observations if observation.operation_id}
    checks = sum(rule.held + rule.broken for rule in report.rules)
    counts = (
        f"{len(operations)} operations, {len(report.rules)} rules, {checks} checks, {report.requests.total} requests, "
        f"{report.seconds:.0f} seconds; profile {report.profile}, seed {report.seed}"
    )
    lines = [
        f"## {title}",
        "",
        f"{code(report.target.base_url)}: {counts}.",
        *(f"- {cell(reason)}" for reason in verdict.reasons),
        "",
        *_table(report.rules),
    ]
    broken = [rule for rule in report.rules if rule.outcome == "broken"]
    for heading, fails in (("Broken promises", True), ("Assumptions that do not hold here", False)):
        lines += _rules(heading, [rule for rule in broken if rule.fails_the_run is fails])
    unchecked = [rule for rule in report.rules if rule.outcome == "not checked"]
    if unchecked:
        lines += ["", f"<details><summary>Not checked: {len(unchecked)}</summary>", ""]
        lines += [f"- {code(rule.id)}: {cell('; '.join(rule.reasons))}" for rule in unchecked]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def as_annotations(report: Report) -> Iterator[str]:
    """A workflow command for each broken promise, and one when nothing can be said."""
    for rule in [rule for rule in report.rules if rule.outcome == "broken"][:RULES_AT_MOST]:
        command = "error" if rule.fails_the_run else "warning"
        seen = f" Seen: {rule.evidence[0].seen}" if rule.evidence else ""
        yield annotation(command, rule.sentence + seen, title=rule.id)
    if report.verdict.outcome == "nothing can be said":
        yield annotation("error", "; ".join(report.verdict.reasons), title="nothing can be said")


def main(arguments: list[str] | None = None) -> int:
    """Tell of a report. Exit status 0, or 2 when there is none."""
    parser = argparse.ArgumentParser(prog="python -m scripts.summary", description="Tell of a run of the suite.")
    parser.add_argument("report", nargs="?", type=Path, default=REPORT, help="default: reports/report.json")
    parser.add_argument("--markdown", type=Path, help="the file to append to; default: print")
    parser.add_argument("--annotations", action="store_true", help="print workflow commands")
    options = parser.parse_args(arguments)
    report = load(options.report)
    if isinstance(report, str):
        text, annotations = f"## Nothing can be said of the server\n\n{cell(report)}\n", [annotation("error", report)]
        print(f"summary: {report}", file=sys.stderr)
    else:
        text, annotations = as_markdown(report), list(as_annotations(report))
    if options.markdown is None:
        print(text, end="")
    else:
        with options.markdown.open("a", encoding="utf-8") as stream:
            stream.write(text)
    if options.annotations:
        print("\n".join(annotations))
    return 2 if isinstance(report, str) else 0


def _table(rules: list[RuleData]) -> Iterator[str]:
    yield "| subject | held | broken | warned | not checked |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for subject, group in groupby(sorted(rules, key=lambda rule: rule.subject), key=lambda rule: rule.subject):
        members = list(group)
        counts = (
            sum(rule.outcome == "held" for rule in members),
            sum(rule.outcome == "broken" and rule.fails_the_run for rule in members),
            sum(rule.outcome == "broken" and not rule.fails_the_run for rule in members),
            sum(rule.outcome == "not checked" for rule in members),
        )
        yield f"| {cell(subject)} | {' | '.join(map(str, counts))} |"


def _rules(heading: str, rules: list[RuleData]) -> Iterator[str]:
    if not rules:
        return
    yield from ("", f"### {heading}")
    for rule in rules[:RULES_AT_MOST]:
        yield from ("", f"**{code(rule.id)}** ({rule.level}; {cell(rule.source_title)}): {cell(rule.sentence)}")
        for evidence in rule.evidence[:EVIDENCE_AT_MOST]:
            told = [evidence.seen, evidence.response, evidence.curl]
            text = "\n".join(line for line in told if line)
            yield from ("", *fenced(text if len(text) <= CHARACTERS_AT_MOST else f"{text[:CHARACTERS_AT_MOST]} …"))
    if len(rules) > RULES_AT_MOST:
        yield from ("", f"and {len(rules) - RULES_AT_MOST} more")


if __name__ == "__main__":
    sys.exit(main())
