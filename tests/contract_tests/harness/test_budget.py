"""No more requests are sent than a profile may, those that remove what was made among them."""

from __future__ import annotations

import pytest

from contract_tests.harness.budget import Budget
from contract_tests.harness.session import Session
from contract_tests.harness.world import World

OVER = "PROFILE=smoke sends no more than"


def limited(session: Session, more: int) -> World:
    """A world that may send so many more requests."""
    world = World(session)
    budget = Budget(world, session.results.requests + more, "smoke")
    session.gates.insert(0, budget.let_pass)
    return world


def test_a_request_too_many_is_not_sent(session: Session) -> None:
    limited(session, 2)
    session.call("listRuns")
    session.call("listRuns")
    sent = session.results.requests
    with pytest.raises(pytest.skip.Exception, match=OVER):
        session.call("listRuns")
    assert session.results.requests == sent


def test_room_is_left_to_remove_what_was_made(session: Session) -> None:
    world = limited(session, 3)
    template_id = world.new_template()["id"]
    session.call("getTemplate", path={"idOrSlug": template_id})
    with pytest.raises(pytest.skip.Exception, match=OVER):
        session.call("getTemplate", path={"idOrSlug": template_id})
    del session.gates[0]  # as when the run ends
    assert world.clean() == []
    assert world.requests_to_leave == 0


def test_nothing_is_made_that_could_not_be_removed(session: Session) -> None:
    world = limited(session, 1)
    with pytest.raises(pytest.skip.Exception, match=OVER):
        world.new_template()
    assert world.requests_to_leave == 0


def test_what_leaves_together_is_counted_together(session: Session) -> None:
    limited(session, 2)
    with pytest.raises(pytest.skip.Exception, match=OVER):
        session.send_together([session.build("listRuns")] * 3)
    assert len(session.send_together([session.build("listRuns")] * 2)) == 2
