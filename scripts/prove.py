"""Can the suite's verdict be trusted? Runs it against every fault and every variant of the mock, and says what it saw.

A fault is caught when a rule that states its promise is broken. A published promise must fail the run, an assumed one
must warn and leave the run a pass. What else breaks is an accident and does not count. A variant passes when the suite
says that it conforms.

Writes `reports/proof.json` and `reports/proof.md`; with `--fast`, `proof-fast.json` and `proof-fast.md`. Exit status: 0
all caught and all passed, 1 not, 2 nothing was tried.
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
from scripts.proof import MILESTONES, Proof, as_markdown, percent, prove
from scripts.verdict import NOTHING_SAID, ROOT

REPORTS = ROOT / "reports"
TOLD_EVERY = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is asked for, write it down, and tell what is not as it should be."""
    options = _parser().parse_args(arguments)
    if unknown := [name for name in options.names if name not in FAULTS and name not in VARIANTS]:
        print(f"there is no fault and no variant {', '.join(unknown)}", file=sys.stderr)
        return NOTHING_SAID
    faults = [fault for name, fault in FAULTS.items() if not options.names or name in options.names]
    variants = [variant for name, variant in VARIANTS.items() if not options.names or name in options.names]
    try:
        proof = prove(faults, variants, options.seeds, fast=options.fast, jobs=options.jobs, progress=tell_progress)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return NOTHING_SAID
    REPORTS.mkdir(exist_ok=True)
    data = {**asdict(proof), "curve": {count: proof.share_caught_after(count) for count in MILESTONES}}
    name = "proof-fast" if options.fast else "proof"
    (REPORTS / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    (REPORTS / f"{name}.md").write_text(as_markdown(proof), encoding="utf-8")
    tell(proof, fast=options.fast)
    return 1 if proof.uncaught or proof.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.prove", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="faults and variants; all unless given")
    parser.add_argument("--seeds", type=_seeds, default=[1], metavar="1,2,3", help="the seeds (default: 1)")
    parser.add_argument("--fast", action="store_true", help="look only at the rules that should catch a fault")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time (default: %(default)s)")
    return parser


def _seeds(text: str) -> list[int]:
    try:
        return [int(seed) for seed in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between them") from None


def tell_progress(done: int, planned: int) -> None:
    """Say now and then how far it has come."""
    if done % TOLD_EVERY == 0:
        print(f"{done} of {planned} runs are done", file=sys.stderr, flush=True)


def tell(proof: Proof, *, fast: bool) -> None:
    """Print what was not caught, what did not pass, and the sums."""
    for fault in proof.uncaught:
        broken = f"broken: {', '.join(fault.accidents)}" if fault.accidents else "nothing broke"
        why = "; ".join(filter(None, [broken, fault.error]))
        print(f"not caught (seed {fault.seed}): {fault.name}: {fault.promise} {why}")
    for variant in proof.failed:
        why = "; ".join([*variant.broken, *variant.reasons])
        print(f"false alarm (seed {variant.seed}): {variant.name}: {variant.choice} {why}")
    if not fast:
        curve = ", ".join(f"{percent(proof.share_caught_after(count))} after {count}" for count in MILESTONES)
        print(f"caught after so many requests: {curve}")
        print(f"caught by PROFILE=smoke: {percent(proof.share_caught_by_smoke)}")
    print(
        f"{len(proof.faults) - len(proof.uncaught)} of {len(proof.faults)} faults caught, "
        f"{len(proof.variants) - len(proof.failed)} of {len(proof.variants)} variants passed, "
        f"seeds {', '.join(map(str, proof.seeds))}, {proof.seconds:.0f} seconds"
    )


if __name__ == "__main__":
    sys.exit(main())
