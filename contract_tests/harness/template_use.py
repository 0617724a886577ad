"""What becomes of a template that runs use: deletions while one is at work and after it, and what is left of it then.

The runs are those of `own_runs.py`, what the rules make of it is in `test_templates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.own_runs import OwnRuns, Try
from contract_tests.harness.reading import members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.template_lives import TemplateLives
from contract_tests.harness.world import World


@dataclass(frozen=True)
class Use:
    """What became of a template that a run used."""

    tries: tuple[Try, ...]
    run_at_last: Exchange | None
    """The last look at the run before the last delete; None when the template was gone by then, or had no run."""
    deletion: Exchange
    """The delete that succeeded, or the last."""


class TemplateUse:
    """What became of the template `used`. What comes later asks for what comes before it."""

    def __init__(self, session: Session, world: World, lives: TemplateLives, own_runs: OwnRuns) -> None:
        self._session, self._world, self._lives, self._own_runs = session, world, lives, own_runs

    @gathered
    def use(self) -> Use:
        """Delete the template once its run has ended. Where no run may be started it is only deleted."""
        used = self._lives.used()
        self._lives.list_before()
        if not self._session.may("createRun"):
            return Use((), None, self._lives.delete(used.id))
        story = self._own_runs.story()
        gone = next((one.deletion for one in story.tries if one.deletion.succeeded), None)
        if gone is not None:
            return Use(story.tries, None, gone)
        return Use(story.tries, story.brief.readings[-1], self._lives.delete(used.id))

    def tries(self) -> tuple[Try, ...]:
        """The deletions that were tried while a run used the template."""
        tries = self.use().tries
        if not tries:
            self._session.demand("createRun")
        return tries

    @gathered
    def gone(self) -> dict[str, Exchange]:
        """What the deleted template's names are answered."""
        used = self._lives.used()
        if not self.use().deletion.succeeded:
            not_checked("because the template could not be deleted")
        answers = {"read by id": self._lives.read(used.id)}
        if not self._lives.is_brief:
            answers["read by slug"] = self._lives.read(used.slug)
            answers["changed"] = self._lives.update(used.id, {"name": "Back from the dead"})
        return {**answers, "deleted again": self._lives.delete(used.slug)}

    @gathered
    def use_of_the_gone(self) -> Exchange:
        """What a create of a run of the deleted template is answered."""
        self.gone()
        answer = self._session.call("createRun", body=self._world.run_body(template=self._lives.used().slug))
        run_id = members(answer.json).get("id")
        if answer.succeeded and isinstance(run_id, str):
            self._session.call("cancelRun", path={"id": run_id})
        return answer

    @gathered
    def orphan(self) -> Exchange:
        """The run of the template when that is gone. Ends in `not_checked` when it was not seen ended."""
        self.gone()
        ended = self.use().run_at_last
        run = members(ended.json) if ended is not None else {}
        if run.get("status") not in ENDED:
            not_checked("because no run of the template was seen to end")
        return self._session.call("getRun", path={"id": str(run.get("id"))})

    @gathered
    def list_after(self) -> Listing:
        """The list when one template has changed, another is gone, and what must be refused was refused."""
        self._lives.reads_after()
        self.gone()
        if self._lives.list_before().having("isSystem", True):
            self._lives.system_refusals()
        return everything(self._session, "listTemplates")

    @gathered
    def slug_again(self) -> Exchange:
        """A create with the slug of the deleted template."""
        self.list_after()
        return self._lives.create(self._lives.used().given)

    @gathered
    def read_again(self) -> Exchange:
        """What that slug names then."""
        self.slug_again()
        return self._lives.read(self._lives.used().slug)
