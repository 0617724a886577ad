"""What a profile may spend where it must not spend more: what is left out then is not checked."""

from __future__ import annotations

from collections.abc import Sequence

from contract_tests.harness.exchange import Request
from contract_tests.harness.rules import not_checked
from contract_tests.harness.world import World


class Budget:
    """Lets requests pass as long as what was made can be removed within it too."""

    def __init__(self, world: World, most: int, profile: str) -> None:
        self._world, self._most, self._profile = world, most, profile

    def let_pass(self, requests: Sequence[Request]) -> None:
        """Ends the test in `not_checked` when these requests would be too many."""
        makes = sum((request.operation_id or "").startswith("create") for request in requests)
        board, sent = self._world.session.board, self._world.session.results.requests + len(requests)
        elsewhere = board.requests_elsewhere if board is not None else 0
        if sent + makes + self._world.requests_to_leave + elsewhere > self._most:
            not_checked(f"because PROFILE={self._profile} sends no more than {self._most} requests")
