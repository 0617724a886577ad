"""Lists of runs with every filter, and which runs each of them should leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lives import outputs_of
from contract_tests.harness.own_runs import LONGEST_PAGE, OwnRuns
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.world import ODD_TEXT

Run = Mapping[str, Any]


def total(exchange: Exchange) -> Any:
    """How many items there are, as the page says."""
    return members(members(exchange.json).get("pagination")).get("total")


def names(runs: Sequence[Run]) -> list[str]:
    """The runs' ids."""
    return [str(run.get("id")) for run in runs]


def types(run: Run) -> set[str]:
    """The types of the run's outputs."""
    return {str(output.get("type")) for output in outputs_of(run)}


@dataclass(frozen=True)
class Selection:
    """A list with filters, and which runs they select."""

    words: str
    exchange: Exchange
    selects: Callable[[Run], bool]
    """Of the runs that the list was asked about."""
    is_of_ours: bool
    """Whether the filters leave no run but the four, so that the list is known whole."""
    limit: int = LONGEST_PAGE

    @property
    def is_full(self) -> bool:
        """Whether there may be no room for all on the page."""
        return len(items(self.exchange)) >= self.limit


class Lists:
    """The lists that the rules look at, each gathered when a rule first looks at it.

    The four own runs have a word in their prompts that no other run has. A list that is `is_of_ours` holds them alone,
    so that what its filters should leave is known exactly however many runs the organization has.
    """

    def __init__(self, runs: OwnRuns) -> None:
        self._runs = runs

    @gathered
    def ours(self) -> list[Run]:
        """The four runs as they were read last, the oldest first."""
        lives = self._runs.ended()
        for life in lives:
            if not life.run:
                not_checked(f"because {life.name} cannot be read")
        return [life.run for life in lives]

    def with_word(self, **query: str | int) -> Exchange:
        """The list of the four runs, with further filters or sorted."""
        self.ours()
        return self._runs.listing({"search": self._runs.word, **query})

    def _alone(self, words: str, selects: Callable[[Run], bool], *, ours: bool = False, **query: str) -> Selection:
        self.ours()
        return Selection(words, self._runs.listing(query), selects, ours)

    def _among_ours(
        self, words: str, selects: Callable[[Run], bool], limit: int = LONGEST_PAGE, **query: str
    ) -> Selection:
        return Selection(words, self.with_word(limit=limit, **query), selects, is_of_ours=True, limit=limit)

    @gathered
    def by_status(self) -> list[Selection]:
        def has(*statuses: str) -> Callable[[Run], bool]:
            return lambda run: run.get("status") in statuses

        return [
            self._alone("status=cancelled", has("cancelled"), status="cancelled"),
            self._among_ours("status=failed,cancelled", has("failed", "cancelled"), status="failed,cancelled"),
            self._among_ours("status=completed,running", has("completed", "running"), 1, status="completed,running"),
        ]

    @gathered
    def by_search(self) -> list[Selection]:
        word = self._runs.own_word("short")
        all_of_them = self._runs.word
        # The text as it stands in the prompt, with what query languages take for more than text; and one that is in no
        # prompt unless a character is taken for any.
        odd, wild = f"{word} of {all_of_them}, no more. {ODD_TEXT}", f"s_o%t{self._runs.own_word('')}"

        repo = str(self._runs.story().whole.asked["repo"])

        def holds(text: str) -> Callable[[Run], bool]:
            return lambda run: text in str(run.get("prompt"))

        return [
            self._among_ours(f"search={all_of_them}", holds(all_of_them)),
            self._alone(f"search={odd}", holds(odd), ours=True, search=odd),
            self._alone(f"search={wild}", holds(wild), ours=True, search=wild),
            self._alone(f"search={repo}", holds(repo), search=repo),
        ]

    @gathered
    def by_template(self) -> list[Selection]:
        slug = self._runs.story().whole.template["slug"]
        return [
            self._alone(f"template={slug}", lambda run: run.get("templateSlug") == slug, ours=True, template=slug),
        ]

    @gathered
    def by_model(self) -> list[Selection]:
        return [
            self._alone("model=haiku", lambda run: run.get("model") == "haiku", model="haiku"),
        ]

    @gathered
    def by_output_types(self) -> list[Selection]:
        def has(*kinds: str) -> Callable[[Run], bool]:
            return lambda run: bool(set(kinds) & types(run))

        return [
            self._alone("outputTypes=text", has("text"), outputTypes="text"),
            *(
                self._among_ours(f"outputTypes={kind}", has(kind), outputTypes=kind)
                for kind in ("pr", "issue", "branch")
            ),
            self._among_ours("outputTypes=text,issue", has("text", "issue"), 1, outputTypes="text,issue"),
        ]

    @gathered
    def together(self) -> list[Selection]:
        """Lists whose filters leave little, each of them because of all: without any one of them there are more."""
        whole, plain = self._runs.story().whole.run, self._runs.story().plain.run
        kinds = types(whole) or {"text"}
        first = {"status": str(whole.get("status")), "model": str(whole.get("model"))}
        other = {"status": str(plain.get("status")), "model": str(plain.get("model"))}
        template = str(whole.get("templateSlug"))
        outputs = ",".join(sorted(kinds))
        combinations: list[dict[str, str]] = [
            {**first, "template": template, "outputTypes": outputs},
            {**other, "template": template},
            {**first, "status": other["status"], "template": template},
            {"status": other["status"], "template": template, "outputTypes": outputs},
            {"model": other["model"], "template": template, "outputTypes": outputs},
        ]
        return [
            self._combined(combination, LONGEST_PAGE if number else 1)
            for number, combination in enumerate(combinations)
        ]

    def _combined(self, query: dict[str, str], limit: int) -> Selection:
        def selects(run: Run) -> bool:
            names_ = {"status": "status", "template": "templateSlug", "model": "model"}
            same = all(run.get(name) == query[filter_] for filter_, name in names_.items() if filter_ in query)
            wanted = query.get("outputTypes")
            return same and (wanted is None or bool(types(run) & set(wanted.split(","))))

        return self._among_ours(
            " and ".join(f"{name}={value}" for name, value in query.items()), selects, limit, **query
        )

    def all_selections(self) -> Iterator[Selection]:
        for gather in (
            self.by_status,
            self.by_search,
            self.by_template,
            self.by_model,
            self.by_output_types,
            self.together,
        ):
            yield from gather()
