"""How does a delivery reach its receiver? One attempt at a time: signed when there is a secret, really sent.

What is delivered, to whom and when it is sent again is for others, who hold the runs, the webhooks and the clock.
Signatures follow the Standard Webhooks specification.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import secrets
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

RETRY_SECONDS: tuple[float, ...] = (5, 30, 120, 600)
"""How long to wait, on the mock's clock, before each further attempt after a failed one; then it is given up."""

ATTEMPT_SECONDS = 5.0
"""How long one attempt may take in real time, from the first packet to the receiver's status."""

SECRET_PREFIX = "whsec_"
RESERVED_TOP_LEVEL = ("test", "example", "invalid", "localhost")
RESERVED_DOMAINS = ("example.com", "example.net", "example.org")


@dataclass(frozen=True)
class Delivery:
    """What every attempt sends alike: `id` is the `webhook-id`; without a `secret` (a callback) nothing is signed."""

    id: str
    url: str
    body: bytes
    secret: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; `reason` is a sentence that tells why it failed, None when it was delivered."""

    delivered: bool
    status: int | None
    reason: str | None


class Deliverer(Protocol):
    """Whatever can make one attempt."""

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        """Try once to deliver. `timestamp`: Unix seconds, on the mock's clock. A failure is an outcome, no error."""


@dataclass(frozen=True)
class Resolution:
    """An address that stands for a host and port, as curl's option `--resolve` has it."""

    host: str
    port: int
    address: str
    address_port: int

    @classmethod
    def parse(cls, text: str) -> Resolution:
        """`HOST:PORT:ADDRESS[:PORT]`, an IPv6 address in brackets. ValueError, with a sentence, for anything else."""
        host, _, rest = text.partition(":")
        port, _, target = rest.partition(":")
        if target.startswith("["):
            address, bracket, target_port = target[1:].partition("]")
            if not bracket or (target_port and not target_port.startswith(":")):
                raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS[:PORT]")
            target_port = target_port[1:]
        else:
            address, _, target_port = target.partition(":")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS[:PORT]: {address!r} is no IP address") from None
        ports = [port, target_port or port]
        if not host or not all(number.isascii() and number.isdigit() and 0 < int(number) < 65536 for number in ports):
            raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS[:PORT]")
        return cls(_normal(host), int(ports[0]), address, int(ports[1]))


def new_secret() -> str:
    """A webhook's secret: `whsec_` and the base64 of 24 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def sign(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: `v1,` and the base64 of the HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b"%s.%d.%s" % (delivery_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def is_reserved(host: str) -> bool:
    """Whether the name is set aside for examples and tests (RFC 2606, RFC 6761), so that nobody can answer there.

    Plain `localhost` is not: everyone can answer there.
    """
    name = _normal(host)
    if name.rpartition(".")[2] in RESERVED_TOP_LEVEL:
        return name != "localhost"
    return any(name == domain or name.endswith(f".{domain}") for domain in RESERVED_DOMAINS)


class HttpDeliverer:
    """Sends over the network, TLS verified, straight (no proxy, no redirect).

    Reserved names are never looked up nor contacted unless a `Resolution` maps them.
    """

    def __init__(self, *, ca: Path | None = None, resolutions: Iterable[Resolution] = ()) -> None:
        """`ca`: a PEM file of authorities to trust beside the usual ones. OSError when it cannot be read as one."""
        trust = httpx.create_ssl_context(trust_env=False)
        if ca is not None:
            trust.load_verify_locations(cafile=ca)
        self._resolutions = {(entry.host, entry.port): entry for entry in resolutions}
        # A connection is made for one name and never used again: two names may be mapped to the same address.
        self._client = httpx.AsyncClient(
            verify=trust, trust_env=False, timeout=ATTEMPT_SECONDS, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        """See `Deliverer`. Any 2xx within `ATTEMPT_SECONDS` is success; the rest of the answer is not read."""
        try:
            request = self.request(delivery, timestamp)
            async with asyncio.timeout(ATTEMPT_SECONDS):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                await response.aclose()
        except TimeoutError:
            return _failed(f"The receiver did not answer within {ATTEMPT_SECONDS:g} seconds.")
        except _UnreachableError as error:
            return _failed(str(error))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
            return _failed("The URL cannot be requested.")
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            return _failed(f"The receiver could not be reached: {str(error) or type(error).__name__}.")
        if response.is_success:
            return Outcome(delivered=True, status=response.status_code, reason=None)
        return _failed(f"The receiver answered {response.status_code}.", response.status_code)

    def request(self, delivery: Delivery, timestamp: int) -> httpx.Request:
        """What one attempt sends."""
        url = httpx.URL(delivery.url)
        headers = {"content-type": "application/json", "user-agent": "coSPEC-mock"}
        if delivery.secret is not None:
            headers["webhook-id"] = delivery.id
            headers["webhook-timestamp"] = str(timestamp)
            headers["webhook-signature"] = sign(delivery.secret, delivery.id, timestamp, delivery.body)
        extensions = {}
        port = url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        resolution = self._resolutions.get((_normal(url.host), port))
        if resolution is not None:
            headers["host"] = url.netloc.decode("ascii")
            extensions["sni_hostname"] = url.raw_host.decode("ascii")
            url = url.copy_with(host=resolution.address, port=resolution.address_port)
        elif is_reserved(url.host):
            raise _UnreachableError(f"{url.host} is a reserved name that nobody answers at (see --resolve).")
        return self._client.build_request("POST", url, headers=headers, content=delivery.body, extensions=extensions)


class NoDeliverer:
    """Sends nothing: every attempt fails. For a server that must not touch the network."""

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        """See `Deliverer`."""
        return _failed("Deliveries are switched off.")


class _UnreachableError(Exception):
    """Why no attempt is made; a sentence."""


def _failed(reason: str, status: int | None = None) -> Outcome:
    return Outcome(delivered=False, status=status, reason=reason)


def _normal(host: str) -> str:
    return host.rstrip(".").lower()
