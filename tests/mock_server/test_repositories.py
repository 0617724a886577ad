"""27 repositories on two providers, paged; and what may be given as a run's `repo`."""

from __future__ import annotations

from collections import Counter

import pytest

from mock_server.repositories import RepositoryAddress, address_of
from tests.mock_server.in_process import Client


@pytest.mark.parametrize("limit", [1, 10, 20, 27, 100])
def test_pages_hold_every_repository_once(client: Client, limit: int) -> None:
    whole = client.get("/v1/repositories", limit=100).body["data"]
    assert Counter(repository["provider"] for repository in whole) == {"github": 18, "gitlab": 9}
    assert len({repository["fullName"] for repository in whole}) == 27
    pages = -(-27 // limit)
    joined = []
    for page in range(1, pages + 1):
        body = client.get("/v1/repositories", page=page, limit=limit).body
        assert body["pagination"] == {"page": page, "limit": limit, "total": 27, "totalPages": pages}
        joined += body["data"]
    assert joined == whole


@pytest.mark.parametrize(
    ("repo", "address"),
    [
        ("acme/storefront", ("acme/storefront", "github.com", "github")),
        ("acme-data/tools", ("acme-data/tools", "gitlab.com", "gitlab")),
        ("https://github.com/acme/storefront.git", ("acme/storefront", "github.com", "github")),
        ("https://gitlab.acme.example:8443/a/b/c/", ("a/b/c", "gitlab.acme.example:8443", "gitlab")),
        ("a.b/c-d_e.f", ("a.b/c-d_e.f", "github.com", "github")),
    ],
)
def test_an_address_is_a_name_or_a_url(repo: str, address: tuple[str, str, str]) -> None:
    assert address_of(repo) == RepositoryAddress(*address)


@pytest.mark.parametrize(
    "repo", ["acme", "acme/", "/acme", "a b/c", "../..", "acme/.git", "ftp://a/b/c", "https://a/b", "ä/ö", "a/" * 999]
)
def test_anything_else_is_none(repo: str) -> None:
    assert address_of(repo) is None
