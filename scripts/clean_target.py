"""Remove what dead runs of the suite have left on a target, by their journals. The settings are those of the suite.

Exit status: 0 nothing is left, 1 something is, 2 nothing could be said.
"""

from __future__ import annotations

import sys

from contract_tests.harness import journal as journals
from contract_tests.harness import leftovers
from contract_tests.harness.exchange import redact
from contract_tests.harness.plugin import NOTHING_SAID, Unreachable, connect, greet_all
from contract_tests.harness.removal import SETTLED_SECONDS
from contract_tests.harness.settings import SettingsError, read_settings
from scripts.verdict import ROOT

LEFT = 1


def clean(settled_seconds: float = SETTLED_SECONDS) -> int:
    """Remove what is left on the target that the environment names."""
    settings = read_settings()
    directory = ROOT / settings.journal
    left = count = alive = 0
    sessions = {organization: session for session, organization in reversed(greet_all(connect(settings), settings))}
    for organization, session in sessions.items():
        keys = leftovers.keys_of(session, settings)
        for journal in journals.abandoned(directory, settings.base_url, organization):
            count += 1
            for sentence in leftovers.remove(session, journal, keys, waits=True, settled_seconds=settled_seconds):
                print(redact(sentence))
            left += len(journal.open)
            journal.close()
        journals_left = journals.directory_of(directory, settings.base_url, organization).glob(f"*{journals.ENDING}")
        alive += len(list(journals_left))
    if not count:
        others = f"; {alive} run(s) are at work there" if alive else ""
        print(f"No run has left anything on {settings.base_url}, by the journals in {settings.journal}{others}.")
    return LEFT if left else 0


def main() -> int:
    """Clean the target. Returns the exit status."""
    try:
        return clean()
    except (SettingsError, Unreachable) as error:
        print(error, file=sys.stderr)
        return NOTHING_SAID


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(NOTHING_SAID)
