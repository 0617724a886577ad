"""Which repositories are there? Lists them, and tells what createRun may be given as `repo`.

Every organization has the same 27. Others exist too, as far as git hosts have them, except under the owner `mock`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mock_server.calls import Answer, Call
from mock_server.pagination import page_of

_ON_GITHUB = (
    "storefront", "handbook", "checkout", "orders-api", "billing", "design-system", "mobile-app", "search",
    "recommendations", "notifications", "identity", "warehouse", "shipping", "returns", "admin-panel", "analytics",
    "feature-flags", "infrastructure",
)  # fmt: skip
_ON_GITLAB = (
    "data-pipeline", "forecasting", "etl-jobs", "reports", "ml-models", "legacy-shop", "importer", "exporter", "tools",
)  # fmt: skip

REPOSITORIES: tuple[dict[str, Any], ...] = tuple(
    {
        "fullName": full_name,
        "id": f"repo_{number}",
        "provider": provider,
        "defaultBranch": "main",
        "private": number % 3 != 0,
    }
    for number, (provider, full_name) in enumerate(
        [("github", f"acme/{name}") for name in _ON_GITHUB] + [("gitlab", f"acme-data/{name}") for name in _ON_GITLAB],
        start=1,
    )
)

_LISTED = {repository["fullName"]: repository["provider"] for repository in REPOSITORIES}
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com"}
_NAME = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]+"
_REPOSITORY = re.compile(rf"(?:https?://(?P<host>[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?)/)?(?P<name>{_NAME}(?:/{_NAME})+)/?")
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """What createRun's `repo` speaks of: `name` is `owner/repo`, `host` where it is, `provider` what runs there."""

    name: str
    host: str
    provider: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://{self.host}/{self.name}"


def address_of(repo: str) -> RepositoryAddress | None:
    """The address that `repo` is, as `owner/repo` or a full URL; None when it looks like neither."""
    match = _REPOSITORY.fullmatch(repo) if len(repo) <= _LONGEST else None
    if match is None or match["name"].endswith("/.git"):
        return None
    name, host = match["name"].removesuffix(".git"), match["host"]
    if host is None:
        provider = _LISTED.get(name, "github")
        return RepositoryAddress(name, _HOSTS[provider], provider)
    return RepositoryAddress(name, host, "gitlab" if "gitlab" in host.lower() else "github")


def list_repositories(call: Call) -> Answer:
    """Operation listRepositories."""
    data, pagination = page_of(REPOSITORIES, call.query)
    return Answer(200, {"data": data, "pagination": pagination})
