"""What can go wrong with the window of 200 requests a minute for each key?"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from mock_server.altered import Bench, Exchange, Proceed, current
from mock_server.api_keys import ApiKey
from mock_server.faults.headers import REMAINING, RESET, RETRY_AFTER
from mock_server.faults.registry import fault
from mock_server.rate_limit import Allowance, Window


def _change_remaining(mock: Bench, change: Callable[[int, Exchange], int]) -> None:
    """Tells `change` of what remains and has it tell the client something else."""

    def after(exchange: Exchange) -> None:
        if exchange.api_key is not None:
            exchange.headers[REMAINING] = str(change(int(exchange.headers[REMAINING]), exchange))

    mock.after(after)


@fault("headers/rate-limit-well-formed")
def remaining_is_one_too_many(mock: Bench) -> None:
    """X-RateLimit-Remaining counts the request that it answers: it is never 200."""
    _change_remaining(mock, lambda remaining, exchange: remaining + (exchange.code != "RATE_LIMIT_EXCEEDED"))


@fault("rate-limit/exactly-the-remaining-pass", "rate-limit/all-refused-in-an-empty-window")
def remaining_is_one_too_few(mock: Bench) -> None:
    """While X-RateLimit-Remaining is 0, no further request passes."""
    _change_remaining(mock, lambda remaining, exchange: max(0, remaining - 1))


@fault("headers/rate-limit-well-formed")
def remaining_becomes_negative(mock: Bench) -> None:
    """X-RateLimit-Remaining is never negative."""
    _change_remaining(mock, lambda remaining, exchange: -1 if exchange.status == 429 and remaining == 0 else remaining)


@fault("rate-limit/remaining-counts-down")
def remaining_stands_still(mock: Bench) -> None:
    """X-RateLimit-Remaining goes down with every request."""
    _change_remaining(mock, lambda remaining, exchange: max(remaining, 150) if exchange.status < 429 else remaining)


@fault("rate-limit/remaining-counts-down")
def remaining_jumps_back(mock: Bench) -> None:
    """X-RateLimit-Remaining never goes up within a window."""
    _change_remaining(
        mock, lambda remaining, exchange: remaining + 2 if remaining and remaining % 17 == 0 else remaining
    )


@fault("rate-limit/remaining-counts-down", "rate-limit/a-request-counts-once")
def remaining_counts_in_steps_of_two(mock: Bench) -> None:
    """X-RateLimit-Remaining goes down by one a request."""
    _change_remaining(mock, lambda remaining, exchange: remaining - remaining % 2)


class _Windows:
    """The windows by their keys' ids, for who must find them again."""

    def __init__(self, make: Callable[[], Window] = Window) -> None:
        self._make = make
        self.by_key: dict[str, Window] = {}

    def new(self, key: ApiKey) -> Window:
        """The key's window, from now on."""
        self.by_key[key.id] = self._make()
        return self.by_key[key.id]


class _Counting(Window):
    """A window that counts only requests that `counts` says yes to."""

    def __init__(self, counts: Callable[[Exchange], bool]) -> None:
        super().__init__()
        self._counts = counts

    def take(self, now: float) -> Allowance:
        if now < self.reset and not self._counts(current.get()):
            return Allowance(True, RATE_LIMIT_REQUESTS - self.passed, self.reset)
        return super().take(now)


@fault("rate-limit/remaining-counts-down", "rate-limit/a-request-counts-once")
def reads_are_not_counted(mock: Bench) -> None:
    """Every request counts in the key's window, reads too."""
    mock.parts.window = lambda key: _Counting(lambda exchange: exchange.method != "GET")


@fault("rate-limit/remaining-counts-down", "rate-limit/a-request-counts-once")
def webhooks_are_not_limited(mock: Bench) -> None:
    """The limit is for all operations together, those of webhooks too."""
    mock.parts.window = lambda key: _Counting(lambda exchange: not exchange.path.startswith("/v1/webhooks"))


@fault("rate-limit/remaining-counts-down", "rate-limit/a-request-counts-once", "rate-limit/exactly-the-remaining-pass")
def key_checks_are_not_counted(mock: Bench) -> None:
    """The limit is for all operations together, getCurrentApiKey too."""
    mock.parts.window = lambda key: _Counting(lambda exchange: exchange.operation_id != "getCurrentApiKey")


@fault("rate-limit/remaining-counts-down")
def problems_are_not_counted(mock: Bench) -> None:
    """Every request counts in the key's window, whatever it is answered."""
    windows = _Windows()

    def after(exchange: Exchange) -> None:
        key = exchange.api_key
        if key is not None and exchange.status in (400, 404, 409):
            windows.by_key[key.id].passed -= 1
            exchange.headers[REMAINING] = str(int(exchange.headers[REMAINING]) + 1)

    mock.parts.window = windows.new
    mock.after(after)


class _PerOperation(Window):
    """A window of its own for each operation."""

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str | None, Window] = {}

    def take(self, now: float) -> Allowance:
        return self._windows.setdefault(current.get().operation_id, Window()).take(now)


@fault("rate-limit/remaining-counts-down", "rate-limit/a-request-counts-once")
def windows_per_operation(mock: Bench) -> None:
    """All operations share the key's one window."""
    mock.parts.window = lambda key: _PerOperation()


@fault("rate-limit/keys-do-not-share-a-window")
def window_per_organization(mock: Bench) -> None:
    """Keys do not share a window, not even those of one organization."""
    windows: dict[str, Window] = {}
    mock.parts.window = lambda key: windows.setdefault(key.organization_name, Window())


@fault("rate-limit/keys-do-not-share-a-window")
def window_for_everyone(mock: Bench) -> None:
    """Keys do not share a window: what other organizations send leaves mine alone."""
    window = Window()
    mock.parts.window = lambda key: window


class _Limited(Window):
    """A window of another size that tells the usual numbers."""

    def __init__(self, requests: int) -> None:
        super().__init__()
        self._requests = requests
        self._taken = 0

    def take(self, now: float) -> Allowance:
        if now >= self.reset:
            self._taken = 0
        if self._taken >= self._requests and now < self.reset:
            return Allowance(False, max(0, RATE_LIMIT_REQUESTS - self._taken), self.reset)
        self._taken += 1
        allowance = super().take(now)
        return Allowance(True, allowance.remaining, self.reset)


@fault("rate-limit/none-refused-while-some-remain", "rate-limit/exactly-the-remaining-pass")
def refuses_one_request_too_early(mock: Bench) -> None:
    """While requests remain, none is refused: the 200th of a window passes."""
    mock.parts.window = lambda key: _Limited(RATE_LIMIT_REQUESTS - 1)


@fault("rate-limit/none-refused-while-some-remain", "rate-limit/exactly-the-remaining-pass")
def refuses_fifty_requests_too_early(mock: Bench) -> None:
    """While requests remain, none is refused with RATE_LIMIT_EXCEEDED."""
    mock.parts.window = lambda key: _Limited(RATE_LIMIT_REQUESTS - 50)


@fault("rate-limit/exactly-the-remaining-pass", "rate-limit/all-refused-in-an-empty-window")
def refuses_one_request_too_late(mock: Bench) -> None:
    """Once none remains, the next request in the window is refused: the 201st does not pass."""
    mock.parts.window = lambda key: _Limited(RATE_LIMIT_REQUESTS + 1)


@fault("rate-limit/exactly-the-remaining-pass", "rate-limit/all-refused-in-an-empty-window")
def never_refuses(mock: Bench) -> None:
    """Once none remains, requests in the window are refused with RATE_LIMIT_EXCEEDED."""
    mock.parts.window = lambda key: _Limited(10**9)


@fault("rate-limit/all-refused-in-an-empty-window")
def lets_creates_pass(mock: Bench) -> None:
    """Once none remains, every operation is refused, creates too."""

    class Lenient(Window):
        def take(self, now: float) -> Allowance:
            allowance = super().take(now)
            return Allowance(allowance.allowed or current.get().method == "POST", allowance.remaining, allowance.reset)

    mock.parts.window = lambda key: Lenient()


class _Sliding(Window):
    """A window that ends a minute after the latest request."""

    def take(self, now: float) -> Allowance:
        if now < self.reset:
            self.reset = math.floor(now) + RATE_LIMIT_WINDOW_SECONDS
        return super().take(now)


@fault("rate-limit/limit-and-reset-stand-still")
def reset_moves_with_every_request(mock: Bench) -> None:
    """Windows are fixed: X-RateLimit-Reset stands still within one."""
    mock.parts.window = lambda key: _Sliding()


class _Long(Window):
    def __init__(self, window_seconds: int) -> None:
        super().__init__()
        self._seconds = window_seconds

    def take(self, now: float) -> Allowance:
        if now >= self.reset:
            super().take(now)
            self.reset = math.floor(now) + self._seconds
            return Allowance(True, RATE_LIMIT_REQUESTS - 1, self.reset)
        return super().take(now)


@fault("rate-limit/reset-lies-ahead")
def windows_of_two_minutes(mock: Bench) -> None:
    """A window is one minute: X-RateLimit-Reset is at most 60 seconds ahead."""
    mock.parts.window = lambda key: _Long(2 * RATE_LIMIT_WINDOW_SECONDS)


class _Stuck(Window):
    """A window that, once it is used up, stays so for a while after its end."""

    def __init__(self) -> None:
        super().__init__()
        self._until = 0.0

    def take(self, now: float) -> Allowance:
        if now < self._until and now >= self.reset:
            return Allowance(False, 0, math.floor(now) + 5)
        allowance = super().take(now)
        if not allowance.allowed:
            self._until = self.reset + 10
        return allowance


@fault("rate-limit/window-opens-when-promised")
def refuses_after_the_reset(mock: Bench) -> None:
    """When the window has ended as X-RateLimit-Reset said, requests pass again."""
    mock.parts.window = lambda key: _Stuck()


class _Early(Window):
    """A window that is forgotten before the end that it tells."""

    def take(self, now: float) -> Allowance:
        if now >= self.reset - RATE_LIMIT_WINDOW_SECONDS / 2:
            self.reset = 0
        return super().take(now)


@fault("rate-limit/remaining-counts-down", "rate-limit/limit-and-reset-stand-still")
def window_ends_before_its_reset(mock: Bench) -> None:
    """A window lasts until its X-RateLimit-Reset: Remaining does not start anew before."""
    mock.parts.window = lambda key: _Early()


class _Leaky(Window):
    """A window that opens with what was used up in the one before."""

    def take(self, now: float) -> Allowance:
        if now >= self.reset and self.passed >= RATE_LIMIT_REQUESTS:
            self.reset = math.floor(now) + RATE_LIMIT_WINDOW_SECONDS
            self.passed = RATE_LIMIT_REQUESTS // 2
        return super().take(now)


@fault("rate-limit/window-opens-when-promised")
def new_window_opens_half_used(mock: Bench) -> None:
    """A new window starts with all 200 requests."""
    mock.parts.window = lambda key: _Leaky()


@fault("rate-limit/invalid-keys-do-not-count", source="assumed")
def requests_without_a_key_use_up_the_last_key(mock: Bench) -> None:
    """A request without a valid key does not use up a valid key's window."""
    windows = _Windows()
    last: list[str] = []

    def after(exchange: Exchange) -> None:
        key = exchange.api_key
        if key is not None:
            last[:] = [key.id]
        elif last:
            window = windows.by_key[last[0]]
            window.passed = min(RATE_LIMIT_REQUESTS, window.passed + 1)

    mock.parts.window = windows.new
    mock.after(after)


@fault("rate-limit/refused-has-no-effect")
def refused_creates_take_effect(mock: Bench) -> None:
    """A request that the rate limit refuses has no effect."""
    refused = False

    class Forgiving(Window):
        def take(self, now: float) -> Allowance:
            nonlocal refused
            allowance = super().take(now)
            refused = not allowance.allowed and current.get().method == "POST"
            return Allowance(True, allowance.remaining, allowance.reset) if refused else allowance

    def after(exchange: Exchange) -> None:
        nonlocal refused
        if refused and exchange.api_key is not None:
            refused = False
            wait = max(1, math.ceil(int(exchange.headers[RESET]) - mock.clock.now()))
            exchange.status = 429
            exchange.headers["content-type"] = "application/problem+json"
            exchange.headers[RETRY_AFTER] = str(wait)
            exchange.body = {
                "type": "RATE_LIMIT_EXCEEDED",
                "title": "Too many requests — back off and retry",
                "status": 429,
                "instance": exchange.path,
            }

    mock.parts.window = lambda key: Forgiving()
    mock.after(after)


@fault("rate-limit/exactly-the-remaining-pass", "rate-limit/readings-differ-when-sent-at-once")
def parallel_requests_are_counted_once(mock: Bench) -> None:
    """Exactly 200 requests pass in a window, also when they come in parallel."""
    windows = _Windows()

    async def around(exchange: Exchange, proceed: Proceed) -> None:
        key = exchange.api_key
        window = windows.by_key.get(key.id) if key is not None else None
        seen = (window.reset, window.passed) if window is not None else None
        await asyncio.sleep(0.005)
        if window is not None and seen is not None and window.reset == seen[0]:
            window.passed = seen[1]
        await proceed()

    mock.parts.window = windows.new
    mock.around(around)


@fault("rate-limit/all-refused-in-an-empty-window", "responses/no-server-error")
def refusals_are_503(mock: Bench) -> None:
    """A request beyond the limit is answered 429."""

    def change(exchange: Exchange) -> None:
        if exchange.code == "RATE_LIMIT_EXCEEDED":
            exchange.status = exchange.body["status"] = 503

    mock.after(change)


@fault("rate-limit/all-refused-in-an-empty-window", "responses/media-type", "responses/body-is-json")
def refusals_are_plain_text(mock: Bench) -> None:
    """A request beyond the limit is answered a problem, as every error is."""

    def change(exchange: Exchange) -> None:
        if exchange.code == "RATE_LIMIT_EXCEEDED":
            exchange.content = b"Too many requests, please try again later."
            exchange.headers["content-type"] = "text/html; charset=utf-8"

    mock.after(change)


@fault("rate-limit/refused-has-none-left")
def refusals_say_that_one_remains(mock: Bench) -> None:
    """A request that the rate limit refuses is told that none remains."""
    _change_remaining(mock, lambda remaining, exchange: 1 if exchange.code == "RATE_LIMIT_EXCEEDED" else remaining)


@fault("rate-limit/reset-lies-ahead")
def resets_without_a_key_are_past(mock: Bench) -> None:
    """X-RateLimit-Reset lies ahead for requests without a valid key, too."""
    mock.after(lambda exchange: exchange.headers.update({RESET: str(int(exchange.clock.now()) - 30)}), None, [401])


class _Prolonged(Window):
    """A window that begins anew with every request that it refuses."""

    def take(self, now: float) -> Allowance:
        allowance = super().take(now)
        if allowance.allowed:
            return allowance
        self.reset = max(self.reset, math.floor(now) + RATE_LIMIT_WINDOW_SECONDS)
        return Allowance(False, 0, self.reset)


@fault("rate-limit/limit-and-reset-stand-still")
def refusals_prolong_the_window(mock: Bench) -> None:
    """A request that is refused leaves the window's end where it is."""
    mock.parts.window = lambda key: _Prolonged()


class _CreatesTwice(Window):
    """A window of which every create takes two requests."""

    def take(self, now: float) -> Allowance:
        if current.get().method == "POST" and self.passed < RATE_LIMIT_REQUESTS - 2:
            super().take(now)
        return super().take(now)


@fault("rate-limit/a-request-counts-once")
def creates_count_twice(mock: Bench) -> None:
    """A create counts once, as every request does."""
    mock.parts.window = lambda key: _CreatesTwice()


class _OnlyOperations(Window):
    """A window that refuses only what the document has."""

    def take(self, now: float) -> Allowance:
        allowance = super().take(now)
        unknown = current.get().operation is None
        return Allowance(True, 0, allowance.reset) if unknown and not allowance.allowed else allowance


@fault("rate-limit/refused-before-looked-at", source="assumed")
def unknown_paths_are_not_limited(mock: Bench) -> None:
    """In an empty window 429 comes before the 404 of a path that the API lacks."""
    mock.parts.window = lambda key: _OnlyOperations()
