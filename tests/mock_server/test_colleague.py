"""Does the other client make, change and remove things, of its own alone, and only a few at a time?"""

from __future__ import annotations

import time

import requests

from mock_server import running
from mock_server.colleague import Colleague
from mock_server.hosting import Settings
from mock_server.templates import SYSTEM_TEMPLATES

KEY = "csk_live_shared_office"
ENOUGH_SECONDS = 10.0


def test_it_works_beside_others_and_leaves_theirs_alone() -> None:
    colleague = Colleague([f"{KEY}__2", f"{KEY}__3"], pause_seconds=0.002)
    with running(Settings(colleague=colleague)) as url, requests.Session() as line:
        line.headers["Authorization"] = f"Bearer {KEY}"
        ours = line.post(
            f"{url}/v1/templates", json={"slug": "ours", "name": "Ours", "baseImage": "node-22"}, timeout=10
        ).json()["template"]
        names: set[str] = set()
        statuses: set[str] = set()
        most = 0
        deadline = time.monotonic() + ENOUGH_SECONDS
        while time.monotonic() < deadline and (len(names) < 20 or "cancelled" not in statuses):
            listed = line.get(f"{url}/v1/templates?limit=100", timeout=10)
            if listed.status_code == requests.codes.too_many_requests:
                line.post(f"{url}/_control/clock", json={"advanceSeconds": 60}, timeout=10)
                continue
            theirs = {item["slug"] for item in listed.json()["data"]} - {each.slug for each in SYSTEM_TEMPLATES}
            most = max(most, len(theirs))
            names |= theirs
            statuses |= {item["status"] for item in line.get(f"{url}/v1/runs", timeout=10).json().get("data", [])}
            still = line.get(f"{url}/v1/templates/{ours['id']}", timeout=10)
            assert still.status_code == requests.codes.too_many_requests or still.json()["template"] == ours
        assert len(names) >= 20
        assert most < len(names), "what it made it has removed again"
        assert "cancelled" in statuses
