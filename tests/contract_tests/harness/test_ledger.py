"""The ledger learns from what is seen what the suite has made and what is gone."""

from __future__ import annotations

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.ledger import Ledger
from generated.contract import ProblemCode
from tests.contract_tests.exchanges import example, problem, success

TEMPLATE = example("createTemplate")["template"]
WEBHOOK = example("createWebhook")
RUN = example("createRun")
OTHER = "Bearer csk_live_of_another"


def ledger(*exchanges: Exchange) -> Ledger:
    ledger = Ledger()
    for exchange in exchanges:
        ledger.note(exchange)
    return ledger


MADE = (
    success("createTemplate"),
    success("createWebhook", authorization=OTHER),
    success("createRun"),
)


def test_what_was_made_is_known_with_the_key_that_made_it() -> None:
    found = ledger(*MADE)
    assert found.templates == {TEMPLATE["id"]: TEMPLATE["slug"]}
    assert found.webhooks == {WEBHOOK["id"]}
    assert found.runs == {RUN["id"]}
    assert found.keys[WEBHOOK["id"]] == "csk_live_of_another"
    assert found.keys[RUN["id"]] == found.keys[TEMPLATE["id"]] != "csk_live_of_another"


def test_what_was_refused_was_not_made() -> None:
    found = ledger(
        problem("createTemplate", ProblemCode.TEMPLATE_SLUG_EXISTS),
        problem("createWebhook", ProblemCode.WEBHOOK_LIMIT_EXCEEDED),
        problem("createRun", ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED),
    )
    assert (found.templates, found.webhooks, found.runs) == ({}, set(), set())


def test_what_is_only_seen_was_not_made() -> None:
    found = ledger(*(success(name) for name in ("getTemplate", "listTemplates", "listWebhooks", "getRun", "listRuns")))
    assert (found.templates, found.webhooks, found.runs) == ({}, set(), set())


def test_what_was_deleted_is_gone_by_id_and_by_slug() -> None:
    by_id = success("deleteTemplate", path=f"/v1/templates/{TEMPLATE['id']}")
    by_slug = success("deleteTemplate", path=f"/v1/templates/{TEMPLATE['slug']}")
    webhook = success("deleteWebhook", path=f"/v1/webhooks/{WEBHOOK['id']}")
    assert ledger(*MADE, by_id).templates == {}
    assert ledger(*MADE, by_slug).templates == {}
    assert ledger(*MADE, webhook).webhooks == set()


def test_what_could_not_be_deleted_is_still_there() -> None:
    used = problem("deleteTemplate", ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES, path=f"/v1/templates/{TEMPLATE['id']}")
    strange = success("deleteTemplate", path="/v1/templates/of-somebody-else")
    assert ledger(*MADE, used, strange).templates == {TEMPLATE["id"]: TEMPLATE["slug"]}


def test_a_run_is_at_work_until_it_is_seen_to_have_ended() -> None:
    run = {**example("getRun"), "id": RUN["id"]}
    cancel = success("cancelRun", path=f"/v1/runs/{RUN['id']}/cancel")
    assert ledger(*MADE, success("getRun", run | {"status": "running"})).runs == {RUN["id"]}
    assert ledger(*MADE, cancel).stopping == {RUN["id"]}
    assert ledger(*MADE, cancel).runs == {RUN["id"]}
    for status in ("completed", "failed", "cancelled"):
        assert ledger(*MADE, success("getRun", run | {"status": status})).runs == set()
    listed = example("listRuns")
    listed["data"] = [{**listed["data"][0], "id": RUN["id"], "status": "cancelled"}]
    assert ledger(*MADE, success("listRuns", listed)).runs == set()


def test_answers_of_another_shape_teach_nothing() -> None:
    bodies: list[object] = [[], {"id": 7}]
    odd = [success(name, body) for name in ("createTemplate", "createRun", "createWebhook") for body in bodies]
    found = ledger(*odd)
    assert (found.templates, found.webhooks, found.runs) == ({}, set(), set())
