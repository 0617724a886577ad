"""What becomes of a template that runs use: deletions while one is at work and after it, and what is left of it then.

The runs are those of `own_runs.py`, what the rules make of it is in `test_templates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.own_runs import OwnRuns, Try
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.template_lives import TemplateLives


@dataclass(frozen=True)
class Use:
    """What became of a template that a run used."""

    tries: tuple[Try, ...]
    run_at_last: Exchange | None
    """The last look at the run before the last delete; None when the template was gone by then, or had no run."""
    deletion: Exchange
    """The delete that succeeded, or the last."""


class TemplateUse:
    """What became of the bare template. What comes later asks for what comes before it."""

    def __init__(self, session: Session, lives: TemplateLives, own_runs: OwnRuns) -> None:
        self._session, self._lives, self._own_runs = session, lives, own_runs

    @gathered
    def use(self) -> Use:
        """Delete the template once its run has ended. Where no run may be started it is only deleted."""
        self._lives.list_before()
        bare = self._lives.bare()
        if not self._session.may("createRun"):
            return Use((), None, self._lives.delete(bare.id))
        story = self._own_runs.story()
        gone = next((one.deletion for one in story.tries if one.deletion.succeeded), None)
        if gone is not None:
            return Use(story.tries, None, gone)
        return Use(story.tries, story.brief.readings[-1], self._lives.delete(bare.id))

    def tries(self) -> tuple[Try, ...]:
        """The deletions that were tried while a run used the template."""
        tries = self.use().tries
        if not tries:
            self._session.demand("createRun")
        return tries

    @gathered
    def gone(self) -> dict[str, Exchange]:
        """What the deleted template's names are answered."""
        bare = self._lives.bare()
        if not self.use().deletion.succeeded:
            not_checked("because the template could not be deleted")
        return {
            "read by id": self._lives.read(bare.id),
            "read by slug": self._lives.read(bare.slug),
            "changed": self._lives.update(bare.id, {"name": "Back from the dead"}),
            "deleted again": self._lives.delete(bare.slug),
        }

    @gathered
    def list_after(self) -> Listing:
        """The list when one template has changed, the other is gone, and what must be refused was refused."""
        self._lives.reads_after()
        self.gone()
        return everything(self._session, "listTemplates")

    @gathered
    def slug_again(self) -> Exchange:
        """A create with the slug of the deleted template."""
        self.list_after()
        return self._lives.create(self._lives.bare().given)
