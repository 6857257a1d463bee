"""The names that may stand in ``model``, as both official clients list them."""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic

from schemas.portfolio import Portfolio
from schemas.standing import PortfolioRevised

Gateway = Callable[..., Any]


@pytest.fixture
def with_tasks(revised: PortfolioRevised) -> PortfolioRevised:
    document = revised.portfolio.model_dump(mode="json", by_alias=True)
    tasks = {"faq": {"describe": "questions"}, "small": {"describe": "named as a model is"}}
    return revised.model_copy(update={"portfolio": Portfolio.of({**document, "tasks": tasks})})


async def test_both_clients_list_lanes_tasks_and_models(gateway: Gateway, with_tasks: PortfolioRevised):
    names = ["auto", "portfolio/simple", "portfolio/critical", "faq", "small", "large"]
    async with gateway(applied=with_tasks) as running, running.client() as client:
        assert [model.id async for model in client.models.list()] == names
        async with AsyncAnthropic(base_url=running.url, api_key="any") as other:
            listed = [model async for model in other.models.list()]
    assert [model.id for model in listed] == names
    assert [model.lifecycle for model in listed][-2:] == ["active", "deprecated"]
    assert listed[-1].max_input_tokens == 1_000


@pytest.mark.parametrize("name", ["auto", "portfolio/simple", "faq", "large"])
async def test_each_of_them_can_be_retrieved(gateway: Gateway, with_tasks: PortfolioRevised, name: str):
    async with gateway(applied=with_tasks) as running, running.client() as client:
        assert (await client.models.retrieve(name)).id == name
        async with AsyncAnthropic(base_url=running.url, api_key="any") as other:
            assert (await other.models.retrieve(name)).id == name


@pytest.mark.parametrize(("name", "near"), [("lage", "large"), ("portfolio/simpel", "portfolio/simple"), ("x", "auto")])
async def test_an_unknown_name_is_not_found_and_the_nearest_are_told(gateway: Gateway, name: str, near: str):
    async with gateway() as running, running.client() as client:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve(name)
        async with AsyncAnthropic(base_url=running.url, api_key="any") as other:
            with pytest.raises(anthropic.NotFoundError) as others:
                await other.models.retrieve(name)
            with pytest.raises(anthropic.NotFoundError) as nowhere:
                await other.post("/v1/complete", body={}, cast_to=object)
    for told in (others.value, nowhere.value):
        assert told.type == "not_found_error", "it is told in Anthropic's own words"
    assert caught.value.code == "model_not_found"
    assert near in caught.value.message
