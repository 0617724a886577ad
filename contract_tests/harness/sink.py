"""Where the server's deliveries come in: URLs that lead to the suite's receiver, and what arrived at each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import requests

from contract_tests.harness.receiver import Delivery, Receiver, receiving
from contract_tests.harness.rules import not_checked
from contract_tests.harness.settings import PREFIX, Settings
from contract_tests.harness.world import World


class Sink:
    """The receiver behind the setting `webhook_sink_url`. Without one its URLs lead nowhere."""

    def __init__(self, world: World, settings: Settings, receiver: Receiver | str) -> None:
        """`receiver`: a sentence in its place says why there is none."""
        self._world, self._settings, self._receiver = world, settings, receiver

    def demand(self) -> Receiver:
        """The receiver. Ends in `not_checked` when there is none."""
        return self._receiver if isinstance(self._receiver, Receiver) else not_checked(self._receiver)

    def fresh_url(self, *statuses: int) -> str:
        """A URL that nothing has yet. What is told there of a run is answered with these statuses in turn, 204 unless
        given.
        """
        if not isinstance(self._receiver, Receiver):
            return self._world.fresh_url()
        url = f"{self._settings.webhook_sink_url}/{self._world.fresh_name()}?by=Suite"
        self.answer(url, *statuses)
        return url

    def answer(self, url: str, *statuses: int) -> None:
        """Answer what a URL is told of each run from now on with these statuses in turn, the last one for ever."""
        self.demand().announce(_name(url), *statuses)

    def at(self, url: str) -> list[Delivery]:
        """What arrived at a URL."""
        return self.demand().at(_name(url))

    def is_within_reach(self) -> bool:
        """Whether its URL leads to the receiver, as far as can be told from here.

        A clock that is moved is the mock server's, which is told where the sink is when it is started.
        """
        if self._world.session.target.moves_its_clock:
            return True
        url = self.fresh_url()
        try:
            requests.post(url, json={}, timeout=self._settings.timeout_seconds)
        except requests.RequestException:
            return False
        return bool(self.at(url))


def _name(url: str) -> str:
    """The last segment of a URL with its query: what the receiver knows it by, whatever is before it on the way."""
    return url.rpartition("/")[2]


@contextmanager
def open_sink(world: World, settings: Settings) -> Iterator[Sink]:
    """The sink that the settings describe, open for deliveries where they describe one."""
    with ExitStack() as stack:
        receiver: Receiver | str = f"because {PREFIX}WEBHOOK_SINK_URL is not set"
        if settings.webhook_sink_url is not None:
            try:
                line = receiving(settings.webhook_sink_listen, settings.webhook_sink_certificate)
                receiver = stack.enter_context(line)
            except OSError as error:
                receiver = f"because nothing can be received at {settings.webhook_sink_listen}: {error}"
        yield Sink(world, settings, receiver)
