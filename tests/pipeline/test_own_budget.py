"""A request's own budget: what it cannot pay is not asked, over Kafka as at the gateway."""

import httpx

from pipeline.scripts import says
from pipeline.stack import Pipeline


def test_nothing_is_paid_for_a_request_that_may_cost_nothing(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    failed = pipeline.failed(pipeline.submit(script.request(budget_usd="0")))

    assert (failed.reason, failed.cost_usd) == ("budget_spent", "0")
    assert "a larger budget_usd" in failed.detail
    told = httpx.post(
        f"{pipeline.gateway}/v1/chat/completions",
        json={**script.request(), "portfolio": {"budget_usd": "0"}},
        trust_env=False,
        timeout=90,
    )
    assert told.status_code == 402
    assert told.json()["error"]["code"] == "budget_spent"
    assert not script.asked
