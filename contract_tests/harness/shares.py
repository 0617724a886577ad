"""Which tests may be sent with a further key? The one table of them, and how they are dealt out to the workers.

Everything that is not in the table stays with the main key: what needs one of the other settings' keys, what works at a
limit of the whole organization (ten active runs, 25 webhooks), and what shares evidence with any of that, templates
among it, for they are changed and deleted while runs use them. For the main key a worker with a key of its organization
is what a colleague is, so what makes runs or webhooks in numbers, and what counts lists that it changes, stays there
too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contract_tests.harness.order import name_of


@dataclass(frozen=True)
class Share:
    """Tests that stay together, because they look at the same evidence or need the same things."""

    words: str
    pattern: str
    """Of `file::test[parameters]`; a test is of the first share whose pattern fits."""
    seconds: int
    """About how long they take on a real clock, most of it waiting for what the server does by itself."""


MAINS = Share("what only the main key does", r"", seconds=100)
SHARES: Sequence[Share] = (
    # An empty window takes as many requests as a window has: the more of them come quickly and are needed anyway, the
    # fewer are sent for it alone. One run is made for all of these, and cancelled at once.
    Share(
        "what must be refused, lists that are read, links, and the empty window",
        r"authentication|operations::test_(invalid|what_is_undeclared)|problems::test_(what_is_un|odd)|sequences"
        r"|pagination::.*\[(?!runs[\]-])|rate_limit::(?!.*(\[early\]|\[late\]|test_keys_do_not_share))",
        seconds=60,
    ),
)
"""What may go to a further key."""
EVERYWHERE = r"random_requests|rate_limit::.*\[(early|late)\]"
"""The tests that every worker runs: each fills up what is left of the profile's requests (`board.py`), and only the
worker that has sent a request can tell what the headers said of its window.
"""
MAIN = 0
"""The number of the worker with the main key."""


def workers_of(node_ids: Sequence[str], count: int) -> list[frozenset[int]]:
    """Which of so many workers run each of these tests, so that all take about as long."""
    holders = holders_of(count)
    return [_workers_of(name_of(node_id), holders, count) for node_id in node_ids]


def share_of(name: str) -> int | None:
    """The number of the share that a test belongs to, None for the main key's."""
    return next((number for number, share in enumerate(SHARES) if re.match(share.pattern, name)), None)


def _workers_of(name: str, holders: Sequence[int], count: int) -> frozenset[int]:
    if re.match(EVERYWHERE, name):
        return frozenset(range(count))
    number = share_of(name)
    return frozenset({MAIN if number is None else holders[number]})


def holders_of(count: int) -> list[int]:
    """The worker of each share: those that take longest first, each to the worker that is done soonest by then."""
    busy = dict.fromkeys(range(count), 0) | {MAIN: MAINS.seconds}
    holders = [MAIN] * len(SHARES)
    for number in sorted(range(len(SHARES)), key=lambda number: -SHARES[number].seconds):
        holders[number] = min(busy, key=lambda worker: busy[worker])
        busy[holders[number]] += SHARES[number].seconds
    return holders
