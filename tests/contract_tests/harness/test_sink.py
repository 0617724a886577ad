"""Where deliveries come in: is each URL known by all of itself, and is it said why there is none?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from contract_tests.harness.receiver import RECEIVED
from contract_tests.harness.results import Results
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.sink import Sink, open_sink
from contract_tests.harness.target import Target
from contract_tests.harness.world import World
from tests.contract_tests.exchanges import document
from tests.contract_tests.scripted import KEY, URL, StillClock
from tests.contract_tests.suite import free_port

NOBODY_MAY_LISTEN = "192.0.2.1:443"
"""An address of the documentation's, which no machine has."""


def settings(**given: Any) -> Settings:
    return Settings(base_url=URL, api_key=KEY, **given)


@pytest.fixture(name="world")
def _world() -> World:
    return World(Session(Target(URL, StillClock(), KEY), document(), Results(), timeout_seconds=1, verify=True))


@pytest.fixture(name="sink")
def _sink(world: World) -> Iterator[Sink]:
    address = f"127.0.0.1:{free_port()}"
    given = settings(webhook_sink_url="https://sink.example/in", webhook_sink_listen=address)
    plain = given.model_copy(update={"webhook_sink_url": f"http://{address}/in"})
    with open_sink(world, plain) as sink:
        yield sink


def post(url: str) -> int:
    return requests.post(url, json={}, timeout=5).status_code


def test_urls_that_differ_in_their_query_are_two(sink: Sink) -> None:
    one = sink.fresh_url(500, RECEIVED)
    other = f"{one}&more=1"
    assert post(other) == 404
    sink.answer(other)
    assert [post(url) for url in (one, one, other)] == [500, RECEIVED, RECEIVED]
    assert [len(sink.at(url)) for url in (one, other)] == [2, 1]
    assert post(one.partition("?")[0]) == 404, "a URL without its query is another"


def test_every_url_is_fresh(sink: Sink) -> None:
    assert sink.fresh_url() != sink.fresh_url()


def test_a_sink_is_within_reach_when_something_arrives(world: World, sink: Sink) -> None:
    assert sink.is_within_reach()
    astray = settings(webhook_sink_url=f"https://127.0.0.1:{free_port()}")
    assert not Sink(world, astray, sink.demand()).is_within_reach()


def test_without_a_sink_urls_lead_nowhere_and_it_says_why(world: World) -> None:
    with open_sink(world, settings()) as sink:
        assert sink.fresh_url().startswith("https://hooks.acme.example/")
        with pytest.raises(pytest.skip.Exception, match="COSPEC_WEBHOOK_SINK_URL is not set"):
            sink.demand()


def test_where_nothing_can_be_received_it_says_so(world: World) -> None:
    given = settings(webhook_sink_url="https://sink.example", webhook_sink_listen=NOBODY_MAY_LISTEN)
    with open_sink(world, given) as sink, pytest.raises(pytest.skip.Exception, match="nothing can be received at 192"):
        sink.demand()
