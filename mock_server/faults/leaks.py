"""What must never be shown? Secrets, keys, the server's inside."""

from __future__ import annotations

from mock_server.altered import Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import fault


@fault("webhooks/secret-is-shown-once", source="guide")
def listed_webhooks_show_their_secret(mock: Bench) -> None:
    """A webhook's secret is shown when it is created, and never in the list."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        for item in answer.body["data"]:
            item["secret"] = call.organization.webhooks[item["id"]].secret
        return answer

    mock.handle("listWebhooks", handle)


@fault("responses/no-secret", source="guide")
def listed_webhooks_show_their_secret_by_another_name(mock: Bench) -> None:
    """A webhook's secret is shown when it is created, and never again, under whatever name."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        for item in answer.body["data"]:
            item["signing"] = {"key": call.organization.webhooks[item["id"]].secret}
        return answer

    mock.handle("listWebhooks", handle)


@fault("responses/no-secret", source="guide")
def a_taken_url_shows_the_secret_again(mock: Bench) -> None:
    """A webhook's secret is shown when it is created, and not when its URL is tried again."""
    secrets: dict[str, str] = {}

    def after(exchange: Exchange) -> None:
        url = exchange.request_body.get("url", "")
        if exchange.status == 201:
            secrets[url] = exchange.body["secret"]
        elif exchange.code == "WEBHOOK_URL_DUPLICATE":
            exchange.body["detail"] = f"The webhook with the secret {secrets[url]} has this URL."

    mock.after(after, ["createWebhook"])


@fault("authentication/key-is-its-own", "responses/no-secret", source="reference")
def key_prefix_is_the_whole_key(mock: Bench) -> None:
    """The current key is shown by its prefix, never whole."""

    def after(exchange: Exchange) -> None:
        exchange.body["keyPrefix"] = _key(exchange)

    mock.after(after, ["getCurrentApiKey"], [200])


@fault("responses/no-secret")
def invalid_keys_are_repeated(mock: Bench) -> None:
    """A problem does not repeat the key of the request."""

    def after(exchange: Exchange) -> None:
        if exchange.code == "API_KEY_INVALID":
            exchange.body["detail"] = f"The key {_key(exchange)} is not known."

    mock.after(after)


@fault("responses/no-secret")
def not_found_repeats_the_request(mock: Bench) -> None:
    """A problem does not repeat the request's headers."""

    def after(exchange: Exchange) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in exchange.request_headers}
        exchange.body["request"] = {"method": exchange.method, "headers": headers}

    mock.after(after, statuses=[404])


@fault("responses/no-secret")
def bad_requests_show_the_stack(mock: Bench) -> None:
    """A problem shows nothing of the server's inside, such as a stack trace."""

    def after(exchange: Exchange) -> None:
        if exchange.code == "BAD_REQUEST":
            exchange.body["stack"] = (
                "SyntaxError: Unexpected token } in JSON at position 3\n    at JSON.parse (<anonymous>)\n"
                "    at parse (/srv/app/node_modules/body-parser/lib/types/json.js:92:19)"
            )

    mock.after(after)


@fault("responses/no-secret")
def internal_errors_show_the_query(mock: Bench) -> None:
    """An INTERNAL_ERROR problem shows nothing of the server's inside, such as a stack trace."""

    def after(exchange: Exchange) -> None:
        if exchange.code == "INTERNAL_ERROR":
            exchange.body["detail"] = (
                'Traceback (most recent call last):\n  File "/srv/app/runs.py", line 88, in create\n'
                'psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "runs_pkey"'
            )

    mock.after(after)


def _key(exchange: Exchange) -> str:
    values = [value for name, value in exchange.request_headers if name == b"authorization"]
    return values[0].decode("latin-1").partition(" ")[2] if values else ""
