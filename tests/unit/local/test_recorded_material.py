"""What a run is made of: the worker's own reader finds every answer by the request's own fingerprint."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from recorded_samples import LADDER, question

from infra.local.documents import read_portfolio
from infra.local.recorded.ladder import ladder_of
from infra.local.recorded.material import Material, prepare
from infra.local.recorded.reading import DataUnreadable
from infra.local.recorded.run import PORTFOLIO
from infra.local.stack import calls_local_model
from schemas.content import fingerprint
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted
from services.model_worker.adapters.replay import read_recordings


@pytest.fixture
def portfolio() -> Portfolio:
    """Two providers: one has the small model, the other the other two."""
    price = {"input": "1", "output": "2", "from": "2024-11-01"}
    models = {
        rung.model: {
            "kind": "recorded",
            "owner": "tests",
            "context_tokens": 1000,
            "endpoints": [{"provider": "one" if rung.tier == 1 else "two", "model": rung.recorded, "price": price}],
        }
        for rung in LADDER
    }
    providers = {
        name: {"adapter": "replay", "answers": f"${{RECORDED_ANSWERS}}/{name}.jsonl"} for name in ("one", "two")
    }
    lane = {"tasks": ["sums"], "tiers": [["small"], ["middle"], ["strong"]]}
    return Portfolio.of(
        {
            "defaults": {"data_class": "public", "lane": "sums"},
            "tasks": {"sums": {"describe": "sums"}},
            "providers": providers,
            "models": models,
            "lanes": {"sums": lane},
        }
    )


@pytest.fixture
def material(portfolio: Portfolio, tmp_path: Path) -> Material:
    return prepare({"sums": [question(number) for number in range(5)]}, portfolio, 3, tmp_path, uuid4)


def test_each_request_finds_the_recorded_text_of_each_model(material: Material) -> None:
    paths = {name: Path(provider.answers or "") for name, provider in material.portfolio.providers.items()}
    recordings = {name: read_recordings(path) for name, path in paths.items()}
    (sums,) = material.sets

    for request_id, value in material.requests:
        request = RequestSubmitted.read(value)
        key = fingerprint(request.messages, request.tools, request.response_format)
        for rung in sums.ladder:
            (answer,) = recordings[rung.provider][rung.model][key]
            assert answer.message["content"] == sums.asked[request_id].answers[rung.recorded].text
            assert answer.usage is None, "tokens are estimated from characters"


def test_the_requests_are_public_and_name_their_task(material: Material) -> None:
    requests = [RequestSubmitted.read(value) for _, value in material.requests]

    assert len(requests) == 3
    assert {(request.task, request.data_class, request.response_format) for request in requests} == {
        ("sums", "public", None)
    }
    assert [request.request_id for request in requests] == [name for name, _ in material.requests]


def test_a_set_that_lacks_a_model_of_its_lane_is_told(portfolio: Portfolio, tmp_path: Path) -> None:
    lacking = question(1)
    others = {name: answer for name, answer in lacking.answers.items() if not name.startswith("middle")}
    questions = [type(lacking)("q-1", "?", others)]

    with pytest.raises(DataUnreadable, match=r"no question of sums.*middle-recorded"):
        prepare({"sums": questions}, portfolio, 3, tmp_path, lambda: UUID(int=1))


def test_the_models_of_a_lane_go_from_the_weakest_to_the_strongest(portfolio: Portfolio) -> None:
    ladder = ladder_of(portfolio, "sums")

    assert [(rung.tier, rung.model, rung.provider) for rung in ladder] == [
        (1, "small", "one"),
        (2, "middle", "two"),
        (3, "strong", "two"),
    ]
    assert ladder[0].cost_micro_usd(question(1)) == 40 // 4 * 1 + 20 // 4 * 2


@pytest.mark.parametrize("lane", ["gsm8k", "ifeval"])
def test_the_committed_portfolio_has_three_priced_tiers_of_at_least_two_vendors(lane: str) -> None:
    ladder = ladder_of(read_portfolio(PORTFOLIO), lane)

    assert [rung.tier for rung in ladder] == [1, 2, 3]
    assert len({rung.provider for rung in ladder}) >= 2
    assert all(rung.price and rung.price.from_ for rung in ladder)


def test_recorded_answers_need_no_local_model() -> None:
    assert not calls_local_model(read_portfolio(PORTFOLIO))
    assert calls_local_model(read_portfolio(Path("portfolio.yaml")))
