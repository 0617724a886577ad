"""In which order are the tests run? Those first that tell most for a request, so that a broken server shows soon.

The table was drawn from the proof (`make prove`): how many faults each group of tests catches that those before it do
not, by how many requests it takes. What waits for runs comes first, so that the window after that is empty long before
it ends: then it is looked into.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Tests that come together, as a pattern of `file::test[parameters]`, and what they are."""

    pattern: str
    words: str
    is_smoke: bool = False
    """Whether the profile `smoke` looks at them."""


ORDER: Sequence[Group] = (
    Group(r"runs|run_lives::test_(?!a_failed|an_ended)|run_costs", "four runs from beginning to end", is_smoke=True),
    Group(r"deliveries|run_lives::test_(?!a_failed)", "who is told of it, and what is final", is_smoke=True),
    Group(r"run_lives", "a run that fails, before charges are looked at"),
    Group(r"run_lists::(.*\[few\]|test_(the_active|meta))", "lists of runs, filtered and sorted", is_smoke=True),
    Group(r"usage::(?!.*\[alone\])", "what they were charged", is_smoke=True),
    Group(
        r"run_logs::(?!test_logs_(are_of_one_run|only_grow))(?!.*\[many\])",
        "what a run tells of its work",
        is_smoke=True,
    ),
    Group(r"pagination::.*\[(?!templates).*-rest\]", "lists, after their first pages", is_smoke=True),
    Group(
        r"authentication::(test_the_current|.*\[(deleteWebhook-no header|listRuns-an unknown))",
        "keys that are none",
        is_smoke=True,
    ),
    Group(
        r"operations::test_invalid.*\[(create\w+|updateTemplate|list(Runs|RunLogs|UsageLogs))-telling",
        "what must be refused",
        is_smoke=True,
    ),
    Group(
        r"rate_limit::.*(\[early\]|keys_do_not_share|invalid_keys)",
        "the headers that have been seen by now",
        is_smoke=True,
    ),
    Group(
        r"templates::(?!.*(starts_no_run|outlive|frees|leave_ended|system_slug))",
        "the lives of three templates",
        is_smoke=True,
    ),
    Group(r"problems::test_credits", "an organization that lacks credits", is_smoke=True),
    Group(r"pagination::.*-rest\]", "their list, after its first page", is_smoke=True),
    Group(r"webhooks::.*\[few\]", "a few webhooks", is_smoke=True),
    Group(r"isolation::.*\[runs\]|run_lists::test_has_ever", "what other keys find of runs", is_smoke=True),
    Group(
        r"problems::test_(an_anthropic|what_is_unknown.*getRun)|operations::.*(GET|no_json.*createTemplate)"
        r"|pagination::test_past.*\[runs\]|repositories::test_(the_list|a_repository)",
        "what is not there, and what must be there",
        is_smoke=True,
    ),
    Group(r"authentication::.*-the (key|scheme)|problems::.*provoked\[(?!INTERNAL)", "more of keys and of failures"),
    Group(r"templates", "what is left of a deleted template"),
    Group(r"operations::test_valid.*\[create", "what must be accepted", is_smoke=True),
    Group(r"concurrency", "how many runs may be active"),
    Group(r"isolation::test_(other|lists|counts|templates|names)", "what other organizations find and do"),
    Group(r"problems::test_(the_github|a_git)", "organizations that lack credits or access"),
    Group(r"run_lists", "more lists of runs"),
    Group(r"authentication::.*\[(listRuns|\w+-no header)", "every operation without a key"),
    Group(r"operations::test_valid", "what is left of what must be accepted", is_smoke=True),
    Group(r"operations", "what is left of what must be refused"),
    Group(r"pagination", "lists, page by page"),
    Group(r"usage|run_logs", "more of charges, and of what a run tells of its work"),
    Group(r"webhooks", "as many webhooks as there may be"),
    Group(r"problems::test_what_is_unknown", "what is not there"),
    Group(r"isolation", "what other keys of the organization see and do"),
    Group(r"sequences|repositories|problems", "links, and what is left of problems"),
    Group(r"authentication", "what is left of keys that are none"),
    Group(r"rate_limit::(?!.*\[late\])", "the empty window, which all those have come upon or near"),
    Group(r"random_requests", "random requests, for what is left"),
    Group(r"rate_limit", "the headers once more, now that all have been seen"),
)
"""Every test is in one of them: the first whose pattern fits."""
_FILE = re.compile(r".*?test_(\w+)\.py")


def is_smoke(node_id: str) -> bool:
    """Whether the profile `smoke` looks at a test."""
    number = place(node_id)
    return number < len(ORDER) and ORDER[number].is_smoke


def words_of(node_id: str) -> str:
    """What a test looks at, in the words of its group."""
    number = place(node_id)
    return ORDER[number].words if number < len(ORDER) else node_id.rpartition("/")[2].partition("::")[0]


def name_of(node_id: str) -> str:
    """What the patterns are held against: `file::test[parameters]`."""
    return _FILE.sub(r"\1", node_id, count=1)


def place(node_id: str) -> int:
    """Where a test comes: the number of its group."""
    name = name_of(node_id)
    return next((number for number, group in enumerate(ORDER) if re.match(group.pattern, name)), len(ORDER))
