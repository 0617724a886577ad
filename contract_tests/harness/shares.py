"""Which tests may be sent with a further key? The one table of them, and how they are dealt out to the workers.

Everything that is not in the table stays with the main key: what needs one of the other settings' keys, what works at a
limit of the whole organization (ten active runs, 25 webhooks), what looks at the rate windows that the main key goes
through, and what shares evidence with any of that. For the main key a worker with a key of its organization is what a
colleague is, so what makes runs or webhooks in numbers, and what counts lists that it changes, stays there too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contract_tests.harness.order import name_of


@dataclass(frozen=True)
class Share:
    """Tests that stay together, because they look at the same evidence or need the same things, as a pattern of
    `file::test[parameters]`, and about how many requests they take.
    """

    pattern: str
    requests: int


SHARES: Sequence[Share] = (
    Share(
        r"templates|pagination::.*\[templates\]|operations::test_invalid.*\[listRunLogs|problems::test_what_is_un", 53
    ),
    Share(r"authentication::.*-no header\]", 18),
    Share(r"authentication::.*-another scheme\]", 18),
    Share(r"authentication::.*-a malformed key\]", 18),
    Share(r"authentication::.*-an unknown key\]", 18),
    Share(r"operations::test_invalid.*Template-", 23),
    Share(r"operations::test_invalid.*(Run|Webhook)-", 15),
    Share(r"operations::test_invalid|operations::test_what_is_undeclared|problems::test_odd", 17),
    Share(r"pagination::.*\[repositories\]", 5),
)
"""What may go to a further key; a test is of the first share whose pattern fits."""
EVERYWHERE = r"random_requests"
"""The tests that every worker runs: each fills up what is left of the profile's requests (`board.py`)."""
MAIN = 0
"""The number of the worker with the main key."""


def workers_of(node_ids: Sequence[str], count: int) -> list[frozenset[int]]:
    """Which of so many workers run each of these tests, balanced by requests.

    The main key's tests are more than half of all, so that with a further key it gets none of the others.
    """
    holders = _holders(count)
    return [_workers_of(name_of(node_id), holders, count) for node_id in node_ids]


def _workers_of(name: str, holders: Sequence[int], count: int) -> frozenset[int]:
    if re.match(EVERYWHERE, name):
        return frozenset(range(count))
    number = next((number for number, share in enumerate(SHARES) if re.match(share.pattern, name)), None)
    return frozenset({MAIN if number is None else holders[number]})


def _holders(count: int) -> list[int]:
    """The worker of each share: the largest shares first, each to the worker that has least by then."""
    if count == 1:
        return [MAIN] * len(SHARES)
    loads = dict.fromkeys(range(MAIN + 1, count), 0)
    holders = [MAIN] * len(SHARES)
    for number in sorted(range(len(SHARES)), key=lambda number: -SHARES[number].requests):
        holders[number] = min(loads, key=lambda worker: loads[worker])
        loads[holders[number]] += SHARES[number].requests
    return holders
