"""A tenant's budget for a hundred requests, asked for two hundred at once: at two gateways, of which one is killed."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from one_month import stay_in_this_month

from infra.local.parts import Addresses
from pipeline.replicas import COUNT, Replica, two_replicas
from pipeline.scripts import says
from pipeline.stack import Pipeline
from pipeline.waiting import until

ADMIN = "the-first-key-of-all-the-tests"
ALLOWED, ASKED = 100, 200


@pytest.fixture
def replicas(
    pipeline: Pipeline, addresses: Addresses, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Replica]]:
    stay_in_this_month(monkeypatch)
    (scratch / "thrifty").mkdir()
    settings = {"GATEWAY_KEYS": "required", "GATEWAY_ADMIN_KEY": ADMIN}
    with two_replicas(addresses, scratch / "thrifty", **settings) as running:
        yield running


@pytest.fixture
def headers(replicas: list[Replica]) -> dict[str, str]:
    """The tenant's own key."""
    with replicas[0].client() as client:
        wish = {"name": "thrifty", "tenant": "thrifty"}
        made = client.post("/admin/keys", json=wish, headers={"authorization": f"Bearer {ADMIN}"})
    return {"authorization": f"Bearer {made.raise_for_status().json()['key']}"}


def test_two_hundred_at_once_get_exactly_what_the_budget_allows(
    pipeline: Pipeline, replicas: list[Replica], headers: dict[str, str]
) -> None:
    script = pipeline.scripts.expect({"acme-middle": [says("Seven.")] * ASKED})

    def ask(number: int) -> httpx.Response:
        """At any replica; at the other one, under the same key, when the connection breaks."""
        told = {"headers": headers, "model": "portfolio/thrifty"}
        try:
            return replicas[number % COUNT].ask(script, str(number), **told)
        except httpx.TransportError:
            return replicas[1].ask(script, str(number), **told)

    with ThreadPoolExecutor(ASKED) as clients:
        asked = [clients.submit(ask, number) for number in range(ASKED)]
        until(lambda: len(script.asked) > ALLOWED // 5, "some are answered")
        replicas[0].process.kill()
        told = [each.result(90) for each in asked]
    replicas[0].start()
    assert Counter(answer.status_code for answer in told) == {200: ALLOWED, 429: ASKED - ALLOWED}
    assert {answer.json()["error"]["type"] for answer in told if answer.status_code == 429} == {"insufficient_quota"}
    with pipeline.services.stopped():
        pass
    assert [ask(number).status_code for number in range(ASKED, ASKED + COUNT)] == [429] * COUNT
    assert len(script.asked) == ALLOWED, "nothing was paid beyond the budget, nor twice"
