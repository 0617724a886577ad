"""The control interface: the time, moving it, forgetting."""

from __future__ import annotations

import pytest

from tests.mock_server.documented import Response
from tests.mock_server.in_process import START, Client, Mock


@pytest.fixture
def control(mock: Mock) -> Client:
    return Client(mock, None)


def test_it_tells_who_answers_and_what_time_it_is_and_counts_in_no_window(control: Client) -> None:
    response = control.get("/_control")
    assert response.status == 200
    assert response.body == {"name": "coSPEC mock server", "version": "1.0.0", "now": START, "standsStill": False}
    assert not any("ratelimit" in name for name in response.headers)


def test_it_moves_the_clock(control: Client, client: Client) -> None:
    run_id = client.start_run()
    response = control.post("/_control/clock", {"advanceSeconds": 60.5})
    assert (response.status, response.body) == (200, {"now": START + 60.5})
    assert client.read_run(run_id)["status"] == "completed"


@pytest.mark.parametrize("seconds", [-1, "60", None, True, 1e12, [60]])
def test_it_refuses_times_that_are_none(control: Client, seconds: object) -> None:
    response = control.post("/_control/clock", {"advanceSeconds": seconds})
    assert response.status == 400
    assert control.get("/_control").body["now"] == START


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/_control/clock", b"{", 400),
        ("POST", "/_control/clock", b"[]", 400),
        ("POST", "/_control/clock", b"", 400),
        ("POST", "/_control/reset", b'{"organization": 1}', 400),
        ("GET", "/_control/clock", b"", 404),
        ("DELETE", "/_control", b"", 404),
        ("GET", "/_control/elsewhere", b"", 404),
    ],
)
def test_what_it_does_not_understand_it_says(
    control: Client, method: str, path: str, content: bytes, status: int
) -> None:
    response: Response = control.send(method, path, content=content)
    assert response.status == status
    assert list(response.body) == ["error"]


def test_it_forgets_one_organization_with_its_windows(control: Client, mock: Mock) -> None:
    forgotten, kept = mock.client("forgotten"), mock.client("kept")
    for client in (forgotten, kept):
        client.start_run()
        client.create_webhook()
    assert control.post("/_control/reset", {"organization": "forgotten"}).status == 200
    assert forgotten.get("/v1/runs").body["meta"] == {"activeCount": 0, "hasEverRun": False}
    assert forgotten.get("/v1/webhooks").remaining == 198
    assert kept.get("/v1/runs").body["meta"] == {"activeCount": 1, "hasEverRun": True}


def test_it_forgets_all_but_the_time(control: Client, mock: Mock) -> None:
    client = mock.client("forgotten")
    client.create_template("mine")
    mock.wait(10)
    assert control.post("/_control/reset", {}).body == {"now": START + 10}
    assert client.get("/v1/templates/mine").status == 404


def test_what_is_forgotten_is_delivered_to_nobody(control: Client, client: Client, mock: Mock) -> None:
    client.create_webhook()
    client.start_run()
    control.post("/_control/reset", {})
    mock.wait(100)
    assert mock.receivers.attempts == []


def test_switched_off_it_is_as_unknown_as_any_path() -> None:
    mock = Mock(control=False)
    response = mock.run(mock.request("GET", "/_control", []))
    assert (response.status, response.code) == (401, "AUTH_UNAUTHORIZED")
    response = mock.run(mock.request("GET", "/_control", [(b"authorization", b"Bearer csk_live_acme")]))
    assert (response.status, response.code) == (404, "NOT_FOUND")
    mock.close()
