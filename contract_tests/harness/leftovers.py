"""What a run finds of dead runs when it begins, and what it leaves to the next one when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contract_tests.harness import journal as journals
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.journal import Journal
from contract_tests.harness.reading import members
from contract_tests.harness.removal import SETTLED_SECONDS, Removal
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings

TRY_AGAIN = "the next run, or `make clean-target`, tries again"


def organization_of(answer: Exchange) -> str | None:
    """The organization of a key, by the answer to getCurrentApiKey."""
    told = members(answer.json).get("organizationId")
    return told if isinstance(told, str) else None


def keys_of(session: Session, settings: Settings) -> dict[str, str]:
    """Every key that something may be made with, by the name of the setting that it comes from."""
    provocations = settings.provocations
    provoking = [*provocations.problems.items(), *provocations.runs.items()]
    given = {f"provoke {name}": one.key.get_secret_value() for name, one in provoking if one.key is not None}
    return {**given, **session.target.keys}


def clear(session: Session, settings: Settings, root: Path, organization: str | None) -> list[str]:
    """Remove what dead runs have left. Returns what a person has to know."""
    told = []
    for found in journals.abandoned(root / settings.journal, settings.base_url, organization):
        told += remove(session, found, keys_of(session, settings))
        found.close()
    return told


def begin(session: Session, settings: Settings, root: Path, organization: str | None) -> None:
    """Begin the journal of this run, or of one of its workers."""
    if session.may("createTemplate"):
        own = journals.start(
            root / settings.journal,
            settings.base_url,
            organization,
            keys_of(session, settings),
            outlives_the_machine=not session.target.is_mock,
        )
        session.journal = own
        session.gates.append(own.intend)


def remove(
    session: Session,
    journal: Journal,
    keys: dict[str, str],
    *,
    waits: bool = False,
    settled_seconds: float = SETTLED_SECONDS,
) -> list[str]:
    """Remove what the journal of a dead run says. Returns what a person has to know."""
    entries = journal.open
    if entries and not session.may("deleteTemplate"):
        return [f"an earlier run (ct-{journal.tag}) has left {len(entries)} thing(s); nothing may be removed here"]
    removal = Removal(session, journal, keys, waits=waits, settled_seconds=settled_seconds)
    removal.carry_out(entries)
    gone = len(entries) - len(journal.open)
    told = [f"an earlier run (ct-{journal.tag}) had left {len(entries)} thing(s), {gone} of them are gone now"]
    return [*(told if entries else ()), *still_there(removal.left)]


def still_there(left: Sequence[str]) -> list[str]:
    return [f"could not be removed: {', '.join(left)}; {TRY_AGAIN}"] if left else []


def end(session: Session, settings: Settings, left: Sequence[str]) -> list[str]:
    """Look for what answers never told of, and close the journal. Returns what a person has to know.

    `left`: what could not be removed of the rest.
    """
    own = session.journal
    if own is None:
        return still_there(left)
    own.compare()
    removal = Removal(session, own, keys_of(session, settings))
    unnamed = [entry for entry in own.open if entry.id is None]
    if unnamed:
        removal.carry_out(unnamed)
    own.close()
    return still_there([*left, *removal.left])
