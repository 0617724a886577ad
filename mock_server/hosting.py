"""How is the mock put together and run? Application, deliveries and wire in one event loop, in front or in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mock_server import wire
from mock_server.application import Application
from mock_server.clock import Clock
from mock_server.deliveries import Deliverer, HttpDeliverer, Resolution

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mock_server.asgi import Message, Receive, Send
    from mock_server.colleague import Colleague


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop that there is."""
    try:
        import uvloop
    except ImportError:  # it makes the mock faster and does not exist everywhere
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class Served(Protocol):
    """An ASGI application with a clock of its own and something to do in the background."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None: ...

    def now(self) -> float: ...

    async def run(self) -> None: ...


class Build(Protocol):
    """Whatever puts a mock together."""

    def __call__(self, *, deliverer: Deliverer, control: bool, clock: Clock) -> Served: ...


@dataclass(frozen=True)
class Settings:
    """What the person who starts a mock decides.

    `stands_still`: whether the clock moves only when it is moved. `ca`: a PEM file of authorities that deliveries trust
    as well. `build`: what makes the application. `colleague`: who else uses it.
    """

    control: bool = True
    stands_still: bool = False
    ca: Path | None = None
    resolutions: tuple[Resolution, ...] = ()
    build: Build = Application
    colleague: Colleague | None = None


def run(listener: socket.socket, settings: Settings, prepare: Callable[[asyncio.Event], None]) -> None:
    """Run a mock at `listener` until the event that `prepare` is given, in the loop, is set."""

    async def main() -> None:
        stop = asyncio.Event()
        async with HttpDeliverer(ca=settings.ca, resolutions=settings.resolutions) as deliverer:
            clock = Clock(stands_still=settings.stands_still)
            application = settings.build(deliverer=deliverer, control=settings.control, clock=clock)
            background = [asyncio.create_task(application.run())]
            if settings.colleague is not None:
                background.append(asyncio.create_task(settings.colleague.work(url_of(listener))))
            try:
                prepare(stop)
                await wire.serve(application, listener, stop, now=application.now)
            finally:
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


@contextlib.contextmanager
def running(settings: Settings | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A mock in a thread of its own, on a free port unless told otherwise; gives its URL.

    It accepts requests from the first moment and is gone when the block is left. OSError when it cannot listen or
    read the authorities.
    """
    listener = wire.bind(host, port)
    stops: list[Callable[[], object]] = []
    errors: list[OSError] = []
    prepared = threading.Event()

    def prepare(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        prepared.set()

    def target() -> None:
        try:
            run(listener, settings or Settings(), prepare)
        except OSError as error:
            errors.append(error)
        finally:
            listener.close()
            prepared.set()

    thread = threading.Thread(target=target, name="coSPEC mock server", daemon=True)
    url = url_of(listener)
    thread.start()
    prepared.wait()
    if errors:
        raise errors[0]
    try:
        yield url
    finally:
        for stop in stops:
            stop()
        thread.join()


def url_of(listener: socket.socket) -> str:
    """The base URL of a mock at `listener`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
