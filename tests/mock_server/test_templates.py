"""Templates: what is created is read and updated by id and slug; the system's stay; those in use are not deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock_server.in_process import Client, Mock

FULL = {
    "description": "Python with access to the warehouse.",
    "envVars": {"PIP_NO_INPUT": "1"},
    "guardrails": {"maxTurns": 60, "maxCostUsd": 3, "timeoutMinutes": 20},
    "egressDomains": ["warehouse.acme.example", "*.packages.example"],
    "size": "l",
}


def test_what_is_created_is_what_is_read_by_id_and_by_slug(client: Client) -> None:
    created = client.create_template("pipeline", **FULL)
    assert {name: created[name] for name in FULL} == FULL
    assert (created["isSystem"], created["createdAt"]) == (False, created["updatedAt"])
    for name in ("pipeline", created["id"]):
        assert client.get(f"/v1/templates/{name}").body["template"] == created
    assert created in client.get("/v1/templates").body["data"]


def test_what_is_left_out_has_its_default(client: Client) -> None:
    created = client.create_template()
    defaults: dict[str, Any] = {"description": None, "envVars": {}, "guardrails": {}, "egressDomains": [], "size": "m"}
    assert {name: created[name] for name in defaults} == defaults


@pytest.mark.parametrize("slug", ["mine", "node-default"])
def test_a_slug_is_taken_once(client: Client, slug: str) -> None:
    client.create_template("mine")
    response = client.post("/v1/templates", {"slug": slug, "name": "Another", "baseImage": "node-22"})
    assert (response.status, response.code) == (409, "TEMPLATE_SLUG_EXISTS")
    assert client.get("/v1/templates").body["pagination"]["total"] == 4


@pytest.mark.parametrize("address", ["slug", "id"])
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "New"}, {"name": "New"}),
        ({"description": None}, {"description": None}),
        ({"description": ""}, {"description": ""}),
        ({"envVars": {"B": "2"}}, {"envVars": {"B": "2"}}),
        ({"guardrails": {"maxTurns": 5}}, {"guardrails": {"maxTurns": 5}}),
        ({"egressDomains": []}, {"egressDomains": []}),
        ({"size": "s"}, {"size": "s"}),
    ],
)
def test_an_update_changes_what_it_is_given_and_nothing_else(
    client: Client, mock: Mock, address: str, change: dict[str, Any], shown: dict[str, Any]
) -> None:
    created = client.create_template("pipeline", **FULL)
    mock.wait(5)
    updated = client.patch(f"/v1/templates/{created[address]}", change).body["template"]
    assert updated["updatedAt"] > created["updatedAt"]
    assert updated == {**created, **shown, "updatedAt": updated["updatedAt"]}
    assert client.get("/v1/templates/pipeline").body["template"] == updated


@pytest.mark.parametrize("body", [{}, {"slug": "other", "baseImage": "php-8.3"}])
def test_slug_and_image_stay_and_an_empty_update_changes_nothing(
    client: Client, mock: Mock, body: dict[str, str]
) -> None:
    created = client.create_template()
    mock.wait(5)
    assert client.patch("/v1/templates/checkout", body).body["template"] == created


@pytest.mark.parametrize("name", ["node-default", "tpl_system_php"])
def test_system_templates_are_listed_and_refuse_change(client: Client, name: str) -> None:
    before = client.get("/v1/templates").body["data"]
    assert [template["isSystem"] for template in before] == [True] * 3
    for response in (client.patch(f"/v1/templates/{name}", {"name": "Mine"}), client.delete(f"/v1/templates/{name}")):
        assert (response.status, response.code) == (403, "TEMPLATE_SYSTEM_READONLY")
    assert client.get("/v1/templates").body["data"] == before


def test_deletion_is_final_and_frees_the_slug(client: Client) -> None:
    created = client.create_template()
    assert client.delete("/v1/templates/checkout").status == 204
    for name in ("checkout", created["id"]):
        assert client.get(f"/v1/templates/{name}").code == "TEMPLATE_NOT_FOUND"
        assert client.delete(f"/v1/templates/{name}").code == "TEMPLATE_NOT_FOUND"
    assert client.create_template()["id"] != created["id"]


def test_a_template_with_active_runs_is_not_deleted(client: Client, mock: Mock) -> None:
    client.create_template()
    run_id = client.start_run(template="checkout")
    refused = client.delete("/v1/templates/checkout")
    assert (refused.status, refused.code) == (409, "TEMPLATE_HAS_RUNNING_SANDBOXES")
    mock.wait(60)
    assert client.delete("/v1/templates/checkout").status == 204
    assert client.read_run(run_id)["templateSlug"] == "checkout"


def test_a_run_keeps_what_its_template_was_when_it_began(client: Client) -> None:
    client.create_template(guardrails={"maxTurns": 7}, envVars={"A": "old"})
    run_id = client.start_run(template="checkout")
    client.patch("/v1/templates/checkout", {"guardrails": {"maxTurns": 9}, "envVars": {"A": "new"}})
    run = client.read_run(run_id)
    assert (run["guardrails"]["maxTurns"], run["envVars"]) == (7, {"A": "old"})


@pytest.mark.parametrize(
    "domain", ["localhost", "10.0.0.1", "db.internal", "printer.local", "https://a.example", "a.example:443", "*", ""]
)
def test_egress_domains_are_public_names(client: Client, domain: str) -> None:
    body = {"slug": "egress", "name": "Egress", "baseImage": "node-22", "egressDomains": ["a.example", domain]}
    response = client.post("/v1/templates", body)
    assert response.code == "VALIDATION_FAILED"
    assert {error["field"] for error in response.body["errors"]} == {"egressDomains.1"}


def test_templates_are_paged(client: Client) -> None:
    for number in range(4):
        client.create_template(f"own-{number}")
    whole = client.get("/v1/templates").body["data"]
    assert len(whole) == 7
    pages = [client.get("/v1/templates", page=page, limit=3).body for page in (1, 2, 3, 4)]
    assert [template for page in pages for template in page["data"]] == whole
    assert [len(page["data"]) for page in pages] == [3, 3, 1, 0]
    assert pages[3]["pagination"] == {"page": 4, "limit": 3, "total": 7, "totalPages": 3}
