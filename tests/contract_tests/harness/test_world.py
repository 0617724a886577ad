"""What the suite makes on a server is removed with the key that made it, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from contract_tests.harness.listing import everything
from contract_tests.harness.session import Session
from contract_tests.harness.world import LEAST_GUARDRAILS, World
from generated.contract import OPERATIONS, PROBLEMS, ProblemCode
from tests.contract_tests.exchanges import document, example
from tests.contract_tests.scripted import Asked, answer, scripted

WEBHOOK = {"url": "https://hooks.acme.example/of-somebody", "events": ["run.completed"]}
TEMPLATE = {"slug": "of-somebody", "name": "Of somebody", "baseImage": "node-22"}


def there(session: Session, key: str | None = None) -> dict[str, set[str]]:
    """The ids of what a key's organization has, and which of its runs are at work."""
    runs = everything(session, "listRuns", key=key).items
    webhooks = session.call("listWebhooks", key=key).json["data"]
    return {
        "templates": {str(item["id"]) for item in everything(session, "listTemplates", key=key).items},
        "webhooks": {str(item["id"]) for item in webhooks},
        "runs at work": {str(run["id"]) for run in runs if run["status"] in ("pending", "running")},
    }


def test_everything_of_its_own_is_removed_and_what_others_made_stays(session: Session) -> None:
    run = {"repo": "acme/storefront", "prompt": "Of somebody.", "template": "node-default"}
    for key in (session.target.key, session.target.key_other_org):
        assert session.call("createTemplate", body=TEMPLATE, key=key).succeeded
        assert session.call("createWebhook", body=WEBHOOK, key=key).succeeded
        assert session.call("createRun", body={**run, "prompt": "[mock:slow]"}, key=key).succeeded
    before = there(session), there(session, session.target.key_other_org)

    world = World(session)  # what was made so far is somebody else's
    world.new_template()
    world.new_webhook()
    world.new_run()
    for key in (session.target.key_second, session.target.key_other_org):
        name = world.fresh_name()
        assert session.call("createTemplate", body={**TEMPLATE, "slug": name}, key=key).succeeded
        assert session.call("createWebhook", body={**WEBHOOK, "url": world.fresh_url()}, key=key).succeeded
        assert session.call("createRun", body={**run, "prompt": "[mock:slow]"}, key=key).succeeded
    assert (there(session), there(session, session.target.key_other_org)) != before
    assert world.requests_to_leave > 0

    assert world.clean() == []
    assert (there(session), there(session, session.target.key_other_org)) == before
    assert world.requests_to_leave == 0


def test_cleaning_twice_asks_for_nothing_more(session: Session) -> None:
    world = World(session)
    world.new_template()
    world.clean()
    asked = session.results.requests
    assert world.clean() == []
    assert session.results.requests == asked


def test_everything_is_named_after_the_run(session: Session) -> None:
    world, other = World(session), World(session)
    assert world.new_template()["slug"].startswith(f"ct-{world.tag}-")
    assert f"/ct-{world.tag}-" in world.new_webhook()["url"]
    names = {world.fresh_name() for _ in range(50)} | {other.fresh_name() for _ in range(50)}
    assert len(names) >= 50
    assert all(len(name) <= 64 for name in names)
    world.clean()


def _makes_but_does_not_remove(asked: Asked) -> requests.Response:
    if asked.method == "DELETE" or asked.url.endswith("/cancel"):
        kind = PROBLEMS[ProblemCode.INTERNAL_ERROR]
        return answer(kind.status, {"type": kind.code, "title": kind.title, "status": kind.status})
    if asked.method == "POST":
        (operation_id,) = (
            name
            for name, operation in OPERATIONS.items()
            if operation.method == "POST" and asked.url.endswith(operation.path)
        )
        return answer(201, example(operation_id))
    if "/v1/runs" in asked.url:
        return answer(200, {"data": [], "pagination": {"page": 1, "limit": 100, "total": 0, "totalPages": 0}})
    return answer(200, example("listRepositories"))


def test_what_could_not_be_removed_is_named() -> None:
    with scripted(_makes_but_does_not_remove) as (session, server, _):
        world = World(session)
        world.new_template()
        webhook = world.new_webhook()
        run = world.new_run()
        left = world.clean()
    deleted = [asked.url for asked in server.asked if asked.method == "DELETE"]
    assert len(deleted) == 2
    assert left[0] == f"webhook {webhook['id']}"
    assert left[1].startswith("template ")
    assert left[2] == f"run {run}"
    assert len(left) == 3


def test_a_line_that_breaks_meanwhile_is_told_with_what_is_left() -> None:
    def breaks(asked: Asked) -> requests.Response | Exception:
        if asked.method == "DELETE":
            return requests.ConnectionError("Connection refused")
        return _makes_but_does_not_remove(asked)

    with scripted(breaks) as (session, _, _clock):
        world = World(session)
        webhook = world.new_webhook()
        left = world.clean()
    assert left == [f"DELETE /v1/webhooks/{webhook['id']}: the connection was refused", f"webhook {webhook['id']}"]


def test_own_runs_are_harmless(session: Session) -> None:
    world = World(session)
    body = world.run_body()
    assert body["guardrails"] == LEAST_GUARDRAILS
    pointer = document().request_body("createRun")
    assert pointer is not None
    assert document().errors(pointer, body) == []
    run = session.call("getRun", path={"id": world.new_run()}).json
    assert run["guardrails"] == LEAST_GUARDRAILS
    world.clean()


def test_room_is_made_for_a_run_when_own_ones_take_it(session: Session) -> None:
    world = World(session)
    for _ in range(12):
        world.new_run(prompt="[mock:slow]")
    assert len(world.ledger.runs) <= 10
    world.clean()
    assert there(session)["runs at work"] == set()


def test_a_full_organization_of_others_is_waited_for_and_told(session: Session) -> None:
    full = replace(session.target, key=session.target.key.replace("csk_live_", "csk_live_full_"))
    other = Session(full, document(), session.results, timeout_seconds=10, verify=True)
    began = other.target.now()
    with pytest.raises(pytest.skip.Exception) as told:
        World(other).new_run()
    assert "CONCURRENT_RUN_LIMIT_EXCEEDED" in str(told.value)
    assert other.target.now() - began >= 60


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_path_parameters_name_what_is_there(session: Session, operation_id: str) -> None:
    world = World(session)
    path = world.path_parameters(operation_id)
    names = {part.strip("{}") for part in OPERATIONS[operation_id].path.split("/") if part.startswith("{")}
    assert set(path) == names
    if names:
        asked = session.call(operation_id, path=path, **({"body": {}} if operation_id == "updateTemplate" else {}))
        assert asked.succeeded, asked.summary()
    world.clean()


def test_bodies_are_fitted_to_what_is_there_and_stay_as_long_as_they_were(session: Session) -> None:
    world = World(session)
    fitted = world.fitted("createTemplate", {**TEMPLATE, "slug": "x" * 64})
    assert len(fitted["slug"]) == 64
    assert fitted["slug"].startswith("ct-")
    assert world.fitted("createTemplate", {**TEMPLATE, "slug": "x"})["slug"] == "x"
    assert len(world.fitted("createWebhook", {**WEBHOOK, "url": "https://x.example/" + "a" * 2000})["url"]) == 2018
    run = world.fitted("createRun", {"repo": "a/b", "prompt": "p", "template": "t", "branch": "gone"})
    assert run == {"repo": world.repositories()[0], "prompt": "p", "template": world.template()["slug"]}
    assert world.fitted("createRun", "no object") == "no object"
    world.clean()


def test_the_documents_repository_is_named_when_none_is_listed() -> None:
    with scripted([answer(200, example("listRepositories") | {"data": []})]) as (session, _, _clock):
        world = World(session)
        assert world.repositories() == ["acme/storefront"]
        assert world.repository_of("gitlab") == "acme/storefront"


def test_a_target_without_a_system_template_leaves_what_needs_one_unchecked() -> None:
    empty = {"data": [], "pagination": {"page": 1, "limit": 100, "total": 0, "totalPages": 0}}
    with scripted([answer(200, empty)]) as (session, _, _clock), pytest.raises(pytest.skip.Exception):
        World(session).system_slug()


def test_repositories_in_groups_of_groups_are_named_where_there_are_no_others() -> None:
    def repositories(*names: str) -> list[str]:
        data = [{"fullName": name} for name in names]
        with scripted([answer(200, example("listRepositories") | {"data": data})]) as (session, _, _clock):
            return World(session).repositories()

    assert repositories("acme/team/app", "acme//app", "acme") == ["acme/team/app"]
    assert repositories("acme/team/app", "acme/site") == ["acme/site"]


def test_a_full_shelf_of_others_is_no_fault_of_the_server(session: Session) -> None:
    full = replace(session.target, key=session.target.key.replace("csk_live_", "csk_live_full_"))
    other = Session(full, document(), session.results, timeout_seconds=10, verify=True)
    with pytest.raises(pytest.skip.Exception, match="no room for more webhooks"):
        World(other).new_webhook()
    assert not any("webhook" in reason for reason in session.results.hindrances)
