"""The names that may stand in ``model``, as both official clients list them."""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic

from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.domain.load import kind_of
from services.gateway.domain.patience import patience_s

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


@pytest.fixture
def with_aliases(revised: PortfolioRevised) -> PortfolioRevised:
    document = revised.portfolio.model_dump(mode="json", by_alias=True)
    document["models"]["large"]["also_called"] = ["meta-llama/Llama-3.1-8B", "ollama/llama3:8b"]
    document["lanes"]["simple"]["also_called"] = ["openai/gpt-4o"]
    return revised.model_copy(update={"portfolio": Portfolio.of(document)})


async def test_other_names_are_listed_and_retrieved_with_slashes_and_colons(
    gateway: Gateway, with_aliases: PortfolioRevised
):
    names = ["meta-llama/Llama-3.1-8B", "ollama/llama3:8b", "openai/gpt-4o"]
    async with gateway(applied=with_aliases) as running, running.client() as client:
        assert [model.id async for model in client.models.list()][-3:] == names
        found = [(await client.models.retrieve(name)) for name in names]
        async with AsyncAnthropic(base_url=running.url, api_key="any") as other:
            assert [(await other.models.retrieve(name)).id for name in names] == names
    roots = [(each.model_extra or {}).get("root") for each in found]
    assert roots == ["large", "large", "portfolio/simple"]
    assert (found[0].model_extra or {})["abilities"] == ["chat"]


def test_what_is_asked_by_another_name_waits_and_counts_as_by_its_own(with_aliases: PortfolioRevised):
    told = with_aliases.portfolio
    for alias, name in (("openai/gpt-4o", "simple"), ("ollama/llama3:8b", "large"), ("openai/gpt-4", "auto")):
        by_alias, by_name = (
            RequestSubmitted.of({"messages": [{"role": "user", "content": "Hi"}], "model": model})
            for model in (alias, name)
        )
        assert kind_of(by_alias, told) == kind_of(by_name, told)
        assert patience_s(by_alias, told, 600) == patience_s(by_name, told, 600)
