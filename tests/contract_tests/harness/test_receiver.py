"""The receiver takes what comes to an announced name, answers as it is told, and knows a right signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from contract_tests.harness.receiver import Delivery, Receiver, decoded, receiving
from tests.contract_tests.suite import free_port

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""With what follows, the published example of the Standard Webhooks libraries."""
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
RIGHT = HEADERS["webhook-signature"]
WRONG = "v1," + base64.b64encode(b"x" * 32).decode()


def delivery(body: bytes = BODY, **headers: str) -> Delivery:
    """A delivery whose headers of these names are replaced; an empty value leaves one out."""
    named = {f"webhook-{name}": value for name, value in headers.items()}
    told = {name: value for name, value in (HEADERS | named).items() if value}
    return Delivery("hook", "POST", told, body, 204, 0.0)


@pytest.mark.parametrize(
    "signature",
    [RIGHT, f"{WRONG} {RIGHT}", f"{RIGHT} {WRONG}", f"v1a,{'x' * 88} {RIGHT}", f"  {RIGHT}"],
)
def test_a_right_signature_is_known_among_others(signature: str) -> None:
    assert delivery(signature=signature).is_signed_with(SECRET)


@pytest.mark.parametrize(
    "wrong",
    [
        delivery(signature=""),
        delivery(signature=WRONG),
        delivery(signature=RIGHT.removeprefix("v1,")),
        delivery(signature=RIGHT.replace("v1,", "v2,")),
        delivery(signature="v1,é"),
        delivery(id="msg_another"),
        delivery(id=""),
        delivery(timestamp="1614265331"),
        delivery(body=BODY + b" "),
    ],
)
def test_what_is_not_signed_or_signed_for_something_else_is_known(wrong: Delivery) -> None:
    assert not wrong.is_signed_with(SECRET)


@pytest.mark.parametrize("secret", ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_", "whsec_***", "", "é"])
def test_another_secret_does_not_fit(secret: str) -> None:
    assert not delivery().is_signed_with(secret)


def test_a_secret_may_go_without_its_padding() -> None:
    padded = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    assert padded.endswith("=")
    assert decoded(padded) == decoded(padded.rstrip("=")) == b"0123456789abcdef0123456789abcdef"


def test_the_key_is_what_the_secret_holds_decoded() -> None:
    """A server that signs with the text of its secret is found out."""
    signed = f"{HEADERS['webhook-id']}.{HEADERS['webhook-timestamp']}.".encode() + BODY
    with_text = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert not delivery(signature="v1," + base64.b64encode(with_text).decode()).is_signed_with(SECRET)


@pytest.mark.parametrize(
    ("text", "timestamp"), [("1614265330", 1614265330), ("", None), ("soon", None), ("1.5", None), ("-1", None),
                            ("²", None), ("9" * 4000, None)],
)  # fmt: skip
def test_a_timestamp_is_whole_seconds_or_none(text: str, timestamp: int | None) -> None:
    assert delivery(timestamp=text).timestamp == timestamp


def test_a_body_is_json_or_none() -> None:
    assert delivery().json == {"test": 2432232314}
    assert delivery(body=b"<html>").json is None
    assert delivery(body=b"\xff").json is None


# Receiving


@pytest.fixture(name="address", scope="module")
def _address() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(name="receiver", scope="module")
def _receiver(address: str) -> Iterator[Receiver]:
    with receiving(address, None) as receiver:
        yield receiver


def test_what_comes_to_an_announced_name_is_written_down(receiver: Receiver, address: str) -> None:
    receiver.announce("one?x=1")
    answer = requests.post(f"http://{address}/deep/path/one?x=1", data=BODY, headers=HEADERS, timeout=5)
    assert answer.status_code == 204
    (found,) = receiver.at("one?x=1")
    assert (found.name, found.method, found.body, found.answered) == ("one?x=1", "POST", BODY, 204)
    assert found.was_received
    assert found.id == HEADERS["webhook-id"]
    assert found.is_signed_with(SECRET)


def test_what_comes_to_any_other_name_is_not_found_and_not_written_down(receiver: Receiver, address: str) -> None:
    for path in ("/", "/two", "/one/two", "/robots.txt"):
        assert requests.get(f"http://{address}{path}", timeout=5).status_code == 404
    assert receiver.at("two") == []
    receiver.announce("two")
    assert receiver.at("two") == []


def test_a_name_is_answered_as_it_was_told_and_the_last_for_ever(receiver: Receiver, address: str) -> None:
    receiver.announce("three", 500, 302, 200)
    answers = [requests.post(f"http://{address}/three", timeout=5, allow_redirects=False) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [500, 302, 200, 200, 200]
    assert [found.was_received for found in receiver.at("three")] == [False, False, True, True, True]


def test_each_run_has_answers_of_its_own(receiver: Receiver, address: str) -> None:
    receiver.announce("four", 500, 204)
    told = [{"run": {"id": "one"}}, {"run": {"id": "other"}}, {"run": {"id": "one"}}, {"run": {"id": "other"}}]
    assert [requests.post(f"http://{address}/four", json=body, timeout=5).status_code for body in told] == [
        *(500, 500, 204, 204)
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
def test_the_method_is_noted_whatever_it_is(receiver: Receiver, address: str, method: str) -> None:
    receiver.announce(f"by-{method}")
    requests.request(method, f"http://{address}/by-{method}", timeout=5)
    assert [found.method for found in receiver.at(f"by-{method}")] == [method]


def test_bodies_in_chunks_are_put_together(receiver: Receiver, address: str) -> None:
    receiver.announce("chunks")
    requests.post(f"http://{address}/chunks", data=iter([b"one ", b"two ", b"three"]), timeout=5)
    assert [found.body for found in receiver.at("chunks")] == [b"one two three"]


def test_what_is_no_http_harms_nobody(receiver: Receiver, address: str) -> None:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"\x16\x03\x01\x00")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"POST /chunks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot-a-size\r\n")
    receiver.announce("after")
    assert requests.post(f"http://{address}/after", timeout=5).status_code == 204


def test_a_receiver_with_a_certificate_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusted, own = tmp_path / "authority.pem", tmp_path / "receiver.pem"
    authority.cert_pem.write_to_path(str(trusted))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
    address = f"127.0.0.1:{free_port()}"
    with receiving(address, own) as receiver:
        receiver.announce("safe")
        assert requests.post(f"https://{address}/safe", verify=str(trusted), timeout=5).status_code == 204
        assert len(receiver.at("safe")) == 1


def test_where_nobody_can_listen_is_an_error(address: str, receiver: Receiver, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"), receiving(address, None):
        pass
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    with pytest.raises(OSError), receiving(f"127.0.0.1:{free_port()}", wrong):  # noqa: PT011 - its words are OpenSSL's
        pass
