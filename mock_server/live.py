"""What would the mock be like if nobody could steer it? `--live`: what a server in use is to those who only have keys.

Only the keys that it was started with are valid, so an organization in a special state is there when a key of it was
given. Prompts and repositories have no magic, windows end with the minute, and the organizations have been at work.
"""

from __future__ import annotations

from collections.abc import Sequence

from generated.contract import ProblemCode
from mock_server import run_life
from mock_server.altered import Alteration, Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.organization import Organization
from mock_server.problems import Refusal
from mock_server.repositories import address_of
from mock_server.run_events import RunEvents
from mock_server.runs import Run
from mock_server.scenarios import MAGIC_OWNER
from mock_server.templates import SYSTEM_TEMPLATES
from mock_server.variants.organizations import give_a_past
from mock_server.variants.time import windows_on_the_minute

RUNS, TEMPLATES, WEBHOOKS = 60, 23, 3
"""What an organization has when the mock starts, the system's templates included."""
_NO_KEY = b"Bearer unknown"


class _WithoutWords(RunEvents):
    """Whatever the prompt says, a run is an ordinary one."""

    def begin(self, organization: Organization, run: Run) -> None:
        run.words = frozenset()
        run.plan = run_life.plan_run(run.id, run.model, run.words, run.guardrails, run.rate_per_minute_usd)
        super().begin(organization, run)


def _without_magic_repositories(call: Call, inner: Handler) -> Answer:
    address = address_of(call.body["repo"])
    if address is not None and address.name.partition("/")[0] == MAGIC_OWNER:
        raise Refusal(ProblemCode.REPOSITORY_NOT_FOUND, "The organization cannot reach this repository.")
    return inner(call)


def live(keys: Sequence[str]) -> Alteration:
    """What makes a mock a live one that knows these keys."""
    known = frozenset(keys)

    def admit(exchange: Exchange) -> None:
        def admitted(name: bytes, value: bytes) -> bytes:
            token = value.strip().rpartition(b" ")[2].decode("latin-1")
            refused = name == b"authorization" and exchange.api_key is not None and token not in known
            return _NO_KEY if refused else value

        exchange.request_headers = [(name, admitted(name, value)) for name, value in exchange.request_headers]

    def alter(mock: Bench) -> None:
        mock.before(admit)
        mock.parts.run_events = _WithoutWords
        mock.handle("createRun", _without_magic_repositories)
        give_a_past(mock, runs=RUNS, templates=TEMPLATES - len(SYSTEM_TEMPLATES), webhooks=WEBHOOKS)
        windows_on_the_minute(mock)

    return alter
