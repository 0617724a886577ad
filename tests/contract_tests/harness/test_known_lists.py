"""Lists that were read whole are known until the suite does something that may change them."""

from __future__ import annotations

from contract_tests.harness.session import Session
from contract_tests.harness.world import World


def names(world: World, operation_id: str) -> list[str] | None:
    page = world.lists.longest(operation_id)
    return None if page is None else list(page.names)


def test_a_list_is_known_when_it_was_read_whole(session: Session) -> None:
    world = World(session)
    assert names(world, "listTemplates") is None
    listed = session.call("listTemplates", query={"limit": 100}).json["data"]
    assert names(world, "listTemplates") == [item["id"] for item in listed]
    assert world.lists.whole("listTemplates", {}) is not None


def test_a_part_of_a_list_is_not_the_list(session: Session) -> None:
    world = World(session)
    session.call("listTemplates", query={"limit": 1})
    session.call("listTemplates", query={"limit": 1}, key=session.target.key_other_org)
    assert names(world, "listTemplates") is None


def test_any_key_of_the_organization_reads_its_lists_and_no_other_does(session: Session) -> None:
    world = World(session)
    session.call("listTemplates", key=session.target.key_other_org)
    assert names(world, "listTemplates") is None
    session.call("listTemplates", key=session.target.key_second)
    assert names(world, "listTemplates") is not None


def test_what_the_suite_does_to_a_list_makes_it_unknown_and_leaves_the_others(session: Session) -> None:
    world = World(session)
    for operation_id in ("listTemplates", "listRepositories", "listUsageLogs"):
        session.call(operation_id, query={"limit": 100})
    world.new_template()
    assert names(world, "listTemplates") is None
    assert names(world, "listRepositories") is not None
    assert names(world, "listUsageLogs") is not None
    world.new_run()
    assert names(world, "listRepositories") is not None
    assert names(world, "listUsageLogs") is None


def test_a_list_that_changes_by_itself_is_never_known(session: Session) -> None:
    world = World(session)
    session.call("listRuns", query={"status": "running"})
    assert names(world, "listRuns") is None
    session.call("listRuns", query={"search": "nothing of the kind"})
    assert names(world, "listRuns") == []
