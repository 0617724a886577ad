"""What else may ids look like? Each id of the mock is shown as another, and known again when it comes back."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import orjson

from mock_server.altered import Bench, Exchange
from mock_server.variants.registry import variant

_ID = re.compile(rb'"((?:run|tpl|wh|use|sbx|log|evt|key|org|repo)_[A-Za-z0-9_-]+)"')
_SHOWN = re.compile(r"[A-Za-z0-9-]+")


class _Names:
    """The shown form of each id, and the id of each shown form."""

    def __init__(self, form: Callable[[str], str]) -> None:
        self._form = form
        self._meant: dict[str, str] = {}

    def show(self, text: bytes) -> bytes:
        """JSON text with its ids as they are shown."""
        return _ID.sub(lambda match: b'"%s"' % self._shown(match[1].decode()).encode(), text)

    def understand(self, text: str) -> str:
        """A request's text with the ids that are meant."""
        return _SHOWN.sub(lambda match: self._meant.get(match[0], match[0]), text)

    def _shown(self, name: str) -> str:
        shown = self._form(name)
        self._meant[shown] = name
        return shown


def _show(mock: Bench, form: Callable[[str], str]) -> None:
    names = _Names(form)

    def before(exchange: Exchange) -> None:
        exchange.path = names.understand(exchange.path)

    def after(exchange: Exchange) -> None:
        if exchange.body is None:
            return
        exchange.body = orjson.loads(names.show(orjson.dumps(exchange.body)))
        if exchange.code and "instance" in exchange.body:
            exchange.body["instance"] = exchange.asked_path

    mock.before(before)
    mock.after(after)
    mock.delivering(names.show)


@variant
def ids_are_uuids(mock: Bench) -> None:
    """Ids are UUIDs."""
    _show(mock, lambda name: str(uuid.uuid5(uuid.NAMESPACE_URL, name)))


@variant
def ids_are_numbers(mock: Bench) -> None:
    """Ids are digits."""
    numbers: dict[str, str] = {}
    _show(mock, lambda name: numbers.setdefault(name, str(4_100_000 + 7 * len(numbers))))
