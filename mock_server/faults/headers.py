"""What can go wrong with the headers that every response carries? Counting is for `rate_limit`."""

from __future__ import annotations

from datetime import UTC, datetime

from mock_server.altered import Bench, Exchange
from mock_server.faults.registry import fault

LIMIT, REMAINING, RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"
RETRY_AFTER = "retry-after"


@fault("headers/rate-limit-on-every-response")
def limit_header_missing(mock: Bench) -> None:
    """Every response carries X-RateLimit-Limit."""
    mock.after(lambda exchange: exchange.headers.pop(LIMIT))


@fault("headers/rate-limit-on-every-response")
def remaining_header_missing(mock: Bench) -> None:
    """Every response carries X-RateLimit-Remaining."""
    mock.after(lambda exchange: exchange.headers.pop(REMAINING))


@fault("headers/rate-limit-on-every-response")
def reset_header_missing(mock: Bench) -> None:
    """Every response carries X-RateLimit-Reset."""
    mock.after(lambda exchange: exchange.headers.pop(RESET))


def _drop_rate_headers(exchange: Exchange) -> None:
    for name in (LIMIT, REMAINING, RESET):
        exchange.headers.pop(name)


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_401(mock: Bench) -> None:
    """Responses to requests without a valid key carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[401])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_404(mock: Bench) -> None:
    """404 responses carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[404])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_400(mock: Bench) -> None:
    """400 responses carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[400])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_409(mock: Bench) -> None:
    """409 responses carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[409])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_204(mock: Bench) -> None:
    """Responses without a body carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[204])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_429(mock: Bench) -> None:
    """429 responses carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[429])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_402(mock: Bench) -> None:
    """402 responses carry the rate headers too."""
    mock.after(_drop_rate_headers, statuses=[402])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_usage(mock: Bench) -> None:
    """The usage operations' responses carry the rate headers too."""
    mock.after(_drop_rate_headers, operations=["getCredits", "getUsage", "listUsageLogs"])


@fault("headers/rate-limit-on-every-response")
def rate_headers_missing_on_unknown_paths(mock: Bench) -> None:
    """Responses at paths that the document lacks carry the rate headers too."""
    mock.after(lambda exchange: None if exchange.operation else _drop_rate_headers(exchange))


@fault("headers/rate-limit-well-formed")
def limit_is_not_200(mock: Bench) -> None:
    """X-RateLimit-Limit is 200."""

    def change(exchange: Exchange) -> None:
        exchange.headers[LIMIT] = "300"

    mock.after(change)


@fault("headers/rate-limit-well-formed")
def limit_with_its_window(mock: Bench) -> None:
    """X-RateLimit-Limit is a whole number and nothing else."""

    def change(exchange: Exchange) -> None:
        exchange.headers[LIMIT] = "200;w=60"

    mock.after(change)


@fault("headers/rate-limit-well-formed")
def remaining_is_a_fraction(mock: Bench) -> None:
    """X-RateLimit-Remaining is a whole number."""

    def change(exchange: Exchange) -> None:
        exchange.headers[REMAINING] += ".0"

    mock.after(change)


@fault("headers/rate-limit-well-formed", "rate-limit/reset-lies-ahead")
def reset_in_milliseconds(mock: Bench) -> None:
    """X-RateLimit-Reset is in Unix seconds."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RESET] += "000"

    mock.after(change)


@fault("headers/rate-limit-well-formed", "rate-limit/reset-lies-ahead")
def reset_is_seconds_left(mock: Bench) -> None:
    """X-RateLimit-Reset is a moment, not how long it is until then."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RESET] = str(max(0, int(exchange.headers[RESET]) - int(exchange.clock.now())))

    mock.after(change)


@fault("headers/rate-limit-well-formed", "rate-limit/reset-lies-ahead")
def reset_is_a_date(mock: Bench) -> None:
    """X-RateLimit-Reset is a number of seconds, not an ISO date."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RESET] = datetime.fromtimestamp(int(exchange.headers[RESET]), UTC).isoformat()

    mock.after(change)


@fault("rate-limit/reset-lies-ahead")
def reset_is_past(mock: Bench) -> None:
    """X-RateLimit-Reset lies ahead."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RESET] = str(int(exchange.headers[RESET]) - 600)

    mock.after(change)


@fault("headers/retry-after-on-429")
def retry_after_missing(mock: Bench) -> None:
    """A request that the rate limit refuses is told Retry-After."""
    mock.after(lambda exchange: exchange.headers.pop(RETRY_AFTER, None) if _is_rate_limited(exchange) else None)


@fault("headers/retry-after-on-429")
def retry_after_missing_on_too_many_runs(mock: Bench) -> None:
    """A create that the limit of concurrent runs refuses is told Retry-After."""

    def change(exchange: Exchange) -> None:
        if exchange.code == "CONCURRENT_RUN_LIMIT_EXCEEDED":
            exchange.headers.pop(RETRY_AFTER)

    mock.after(change)


@fault("headers/retry-after-only-on-429")
def retry_after_on_conflicts(mock: Bench) -> None:
    """Retry-After comes with 429 only."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RETRY_AFTER] = "5"

    mock.after(change, statuses=[409])


@fault("headers/retry-after-only-on-429")
def retry_after_on_successes(mock: Bench) -> None:
    """Retry-After comes with 429 only, not with successes."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RETRY_AFTER] = "0"

    mock.after(change, statuses=[200])


@fault("headers/retry-after-on-429")
def retry_after_is_a_date(mock: Bench) -> None:
    """Retry-After is a number of seconds, not a date."""

    def change(exchange: Exchange) -> None:
        moment = datetime.fromtimestamp(int(exchange.headers[RESET]), UTC)
        exchange.headers[RETRY_AFTER] = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

    mock.after(change, statuses=[429])


@fault("headers/retry-after-on-429")
def retry_after_is_a_fraction(mock: Bench) -> None:
    """Retry-After is in whole seconds."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RETRY_AFTER] += ".5"

    mock.after(change, statuses=[429])


@fault("headers/retry-after-on-429")
def retry_after_is_negative(mock: Bench) -> None:
    """Retry-After is never negative."""

    def change(exchange: Exchange) -> None:
        exchange.headers[RETRY_AFTER] = f"-{exchange.headers[RETRY_AFTER]}"

    mock.after(change, statuses=[429])


@fault("rate-limit/retry-after-agrees-with-reset")
def retry_after_is_half_the_time(mock: Bench) -> None:
    """Retry-After agrees with X-RateLimit-Reset: whoever waits it out passes."""

    def change(exchange: Exchange) -> None:
        if _is_rate_limited(exchange):
            exchange.headers[RETRY_AFTER] = str(int(exchange.headers[RETRY_AFTER]) // 2)

    mock.after(change)


@fault("rate-limit/retry-after-agrees-with-reset")
def retry_after_is_always_an_hour(mock: Bench) -> None:
    """Retry-After agrees with X-RateLimit-Reset: nobody waits longer than the window lasts."""

    def change(exchange: Exchange) -> None:
        if _is_rate_limited(exchange):
            exchange.headers[RETRY_AFTER] = "3600"

    mock.after(change)


def _is_rate_limited(exchange: Exchange) -> bool:
    return exchange.code == "RATE_LIMIT_EXCEEDED"
