"""Which keys are valid, whose they are, and what is told of them."""

from __future__ import annotations

import pytest

from mock_server.api_keys import authenticate
from mock_server.problems import Refusal
from tests.mock_server.in_process import Client, Mock


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([], "AUTH_UNAUTHORIZED"),
        ([b""], "AUTH_UNAUTHORIZED"),
        ([b"Bearer"], "AUTH_UNAUTHORIZED"),
        ([b"Bearer "], "AUTH_UNAUTHORIZED"),
        ([b"csk_live_acme"], "AUTH_UNAUTHORIZED"),
        ([b"Basic csk_live_acme"], "AUTH_UNAUTHORIZED"),
        ([b"Bearer csk_live_acme", b"Bearer csk_live_acme"], "AUTH_UNAUTHORIZED"),
        ([b"Bearer csk_test_acme"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_abc"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_acme corp"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_acm\xe9"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_" + b"a" * 5000], "API_KEY_INVALID"),
        ([b"Bearer csk_live_revoked_7"], "API_KEY_INVALID"),
        ([b"Bearer csk_live_unknown"], "API_KEY_INVALID"),
    ],
)
def test_what_is_no_valid_key_is_refused(values: list[bytes], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        authenticate(values)
    assert (refusal.value.status, refusal.value.code) == (401, code)


@pytest.mark.parametrize(
    ("value", "organization", "number"),
    [
        (b"Bearer csk_live_acme", "acme", 1),
        (b"bearer csk_live_acme", "acme", 1),
        (b"Bearer csk_live_acme__2", "acme", 2),
        (b"Bearer csk_live_a-b_C9__13", "a-b_C9", 13),
        (b"Bearer csk_live_acme__two", "acme__two", 1),
    ],
)
def test_a_key_tells_its_organization(value: bytes, organization: str, number: int) -> None:
    key = authenticate([value])
    assert (key.organization_name, key.number) == (organization, number)


@pytest.mark.parametrize("name", ["acme", "acme-corporation", "acme__2"])
def test_the_current_key_is_shown_but_never_whole(mock: Mock, name: str) -> None:
    response = mock.client(name).get("/v1/api-keys/me")
    assert response.status == 200
    assert response.body["organizationId"] == f"org_{name.partition('__')[0]}"
    assert f"csk_live_{name}".startswith(response.body["keyPrefix"])
    assert f"csk_live_{name}".encode() not in response.content
    assert len(response.body["keyPrefix"]) <= len("csk_live_") + 4


def test_keys_of_one_organization_see_the_same_data_and_others_do_not(mock: Mock) -> None:
    first, second, stranger = mock.client("shared"), mock.client("shared__2"), mock.client("stranger")
    run_id = first.start_run()
    assert second.read_run(run_id) == first.read_run(run_id)
    assert second.get("/v1/api-keys/me").body["id"] != first.get("/v1/api-keys/me").body["id"]
    for response in (
        stranger.get(f"/v1/runs/{run_id}"),
        stranger.get(f"/v1/runs/{run_id}/logs"),
        stranger.post(f"/v1/runs/{run_id}/cancel"),
    ):
        assert (response.status, response.code) == (404, "NOT_FOUND")
    assert stranger.get("/v1/runs").body["meta"] == {"activeCount": 0, "hasEverRun": False}


def test_templates_and_webhooks_of_others_do_not_exist(mock: Mock) -> None:
    owner, stranger = mock.client("owner"), mock.client("stranger")
    template, webhook = owner.create_template("private"), owner.create_webhook()
    assert stranger.get(f"/v1/templates/{template['id']}").status == 404
    assert stranger.patch("/v1/templates/private", {"name": "Mine"}).status == 404
    assert stranger.delete(f"/v1/templates/{template['id']}").status == 404
    assert stranger.delete(f"/v1/webhooks/{webhook['id']}").status == 404
    assert stranger.create_template("private")["id"] != template["id"]
    assert Client(owner.mock, owner.authorization).get("/v1/templates/private").body["template"] == template
