"""Lists of runs with every filter, and which runs each of them should leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.lives import outputs_of
from contract_tests.harness.own_runs import LONGEST_PAGE, OwnRuns
from contract_tests.harness.reading import items
from contract_tests.harness.rules import not_checked

Run = Mapping[str, Any]
NO_FILTERS = ("page", "limit", "sortBy", "order")
MEMBERS = {"status": "status", "template": "templateSlug", "model": "model"}
"""The member of a run that a filter is held against."""


def names(runs: Sequence[Run]) -> list[str]:
    """The runs' ids."""
    return [str(run.get("id")) for run in runs]


def types(run: Run) -> set[str]:
    """The types of the run's outputs."""
    return {str(output.get("type")) for output in outputs_of(run)}


@dataclass(frozen=True)
class Selection:
    """A list with filters, and which runs they select."""

    query: Query
    exchange: Exchange
    selects: Callable[[Run], bool]
    """Of the runs that the list was asked about."""
    is_of_ours: bool
    """Whether the filters leave no run but the four, so that the list is known whole."""

    @property
    def words(self) -> str:
        """The filters."""
        return " and ".join(f"{name}={value}" for name, value in self.query.items() if name not in NO_FILTERS)

    @property
    def limit(self) -> int:
        return int(self.query.get("limit", LONGEST_PAGE))

    @property
    def is_full(self) -> bool:
        """Whether there may be no room for all on the page."""
        return len(items(self.exchange)) >= self.limit


def _selected_by(query: Query) -> Callable[[Run], bool]:
    """Which runs the filters of a query select."""
    wanted = {name: str(value).split(",") for name, value in query.items()}

    def holds(run: Run) -> bool:
        return (
            str(query.get("search", "")) in str(run.get("prompt"))
            and all(run.get(MEMBERS[name]) in wanted[name] for name in MEMBERS.keys() & wanted.keys())
            and ("outputTypes" not in wanted or bool(types(run) & set(wanted["outputTypes"])))
        )

    return holds


class Lists:
    """The lists that the rules look at, each gathered when a rule first looks at it.

    The four own runs have a word in their prompts that no other run has. A list that is `is_of_ours` holds them alone,
    so that what its filters should leave is known exactly however many runs the organization has.
    """

    def __init__(self, runs: OwnRuns, *, is_brief: bool) -> None:
        """`is_brief`: only the few lists that tell most."""
        self._runs, self._is_brief = runs, is_brief

    @gathered
    def ours(self) -> list[Run]:
        """The four runs as they were read last, the oldest first."""
        lives = self._runs.ended()
        for life in lives:
            if not life.run:
                not_checked(f"because {life.name} cannot be read")
        return [life.run for life in lives]

    @property
    def orders(self) -> tuple[str, ...]:
        """In which orders short pages are looked at."""
        return () if self._is_brief else ("asc", "desc")

    def with_word(self, **query: str | int) -> Exchange:
        """The list of the four runs, with further filters or sorted."""
        self.ours()
        return self._runs.listing({"search": self._runs.word, **query})

    def of_ours(self) -> Exchange:
        """The list of the four runs, the oldest first."""
        self.ours()
        return self._runs.list_of_ours()

    def _alone(self, *, ours: bool = False, **query: str | int) -> Selection:
        self.ours()
        return Selection(query, self._runs.listing(query), _selected_by(query), ours)

    def _among_ours(self, **query: str | int) -> Selection:
        query = {"search": self._runs.word, **query}
        return Selection(query, self.with_word(**query), _selected_by(query), is_of_ours=True)

    @gathered
    def few(self) -> list[Selection]:
        """Few lists with all filters. Each filter leaves out a run that the others of its list do not."""
        self.ours()
        whole, word = self._runs.story().whole, {"search": self._runs.word}
        template, model = str(whole.template["slug"]), str(whole.asked["model"])
        return [
            Selection(word, self.of_ours(), _selected_by(word), is_of_ours=True),
            self._among_ours(search=self._runs.phrase, model=model, sortBy="costUsd"),
            self._alone(template=template, status="failed,cancelled", order="asc", limit=1, ours=True),
            self._among_ours(model=model, outputTypes="text,issue"),
        ]

    def _with(self, *filters: str) -> list[Selection]:
        """Those of the few that have these filters."""
        return [selection for selection in self.few() if selection.query.keys() >= set(filters)]

    def by_status(self) -> list[Selection]:
        return [*self._with("status"), *self._more(self._by_status)]

    def _by_status(self) -> list[Selection]:
        return [
            self._alone(status="cancelled"),
            self._among_ours(status="completed,running", limit=1),
        ]

    def by_search(self) -> list[Selection]:
        return [*self._with("search"), *self._more(self._by_search)]

    def _by_search(self) -> list[Selection]:
        # The text as it stands in the prompt, with what query languages take for more than text; and one that is in no
        # prompt unless a character is taken for any.
        odd = f"{self._runs.own_word('plain')} {self._runs.phrase}"
        wild = f"p_a%n{self._runs.own_word('')}"
        return [
            self._alone(search=odd, ours=True),
            self._alone(search=wild, ours=True),
            self._alone(search=str(self._runs.story().whole.asked["repo"])),
        ]

    def by_template(self) -> list[Selection]:
        return self._with("template")

    def by_model(self) -> list[Selection]:
        return self._with("model")

    def by_output_types(self) -> list[Selection]:
        return [*self._with("outputTypes"), *self._more(self._by_output_types)]

    def _by_output_types(self) -> list[Selection]:
        return [
            self._alone(outputTypes="text"),
            *(self._among_ours(outputTypes=kind) for kind in ("pr", "issue", "branch")),
        ]

    def together(self) -> list[Selection]:
        """Lists with several filters."""
        return [*self._with("template", "status"), *self._with("search", "model"), *self._more(self._together)]

    def _together(self) -> list[Selection]:
        """Lists whose filters leave little, each of them because of all: without any one of them there are more."""
        whole, short = self._runs.story().whole.run, self._runs.story().short.run
        first = {"status": str(whole.get("status")), "model": str(whole.get("model"))}
        other = {"status": str(short.get("status")), "model": str(short.get("model"))}
        template = {"template": str(whole.get("templateSlug"))}
        outputs = {"outputTypes": ",".join(sorted(types(whole) or {"text"}))}
        return [
            self._among_ours(**first, **template, **outputs, limit=1),
            self._among_ours(**other, **template),
            self._among_ours(**{**first, "status": other["status"]}, **template),
            self._among_ours(status=other["status"], **template, **outputs),
            self._among_ours(model=other["model"], **template, **outputs),
        ]

    def _more(self, gather: Callable[[], list[Selection]]) -> list[Selection]:
        """What is gathered beside the few, unless these are to do."""
        return [] if self._is_brief else gather()

    def all_selections(self) -> Iterator[Selection]:
        yield from self.few()
        for gather in (self._by_status, self._by_search, self._by_output_types, self._together):
            yield from self._more(gather)
