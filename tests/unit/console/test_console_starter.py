"""A first portfolio is valid and wise, whatever was found, and holds no secret."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.portfolio import Portfolio
from services.console.domain.local_models import (
    Card,
    LocalModel,
    LocalServer,
    Shown,
    Tag,
    address,
    ladder,
    name_of,
    ollama_model,
    vllm_models,
)
from services.console.domain.portfolio_file import read
from services.console.domain.starter import Found, starter
from services.console.domain.vendors import vendors_with_keys

TODAY = date(2026, 5, 1)
ENTRY = {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6, "max_input_tokens": 128_000}
OLLAMA = LocalServer(
    "ollama", "http://127.0.0.1:11434", (LocalModel("llama3.2:latest", 4_096, ("chat", "json", "tools"), 2, 131_072),)
)


def found(keys: tuple[str, ...] = (), *servers: LocalServer) -> Found:
    return Found(servers, vendors_with_keys(keys, lambda _: ENTRY, TODAY), "litellm-1", TODAY)


def portfolio(of: Found) -> Portfolio:
    reading = read(starter(of))
    assert reading.portfolio is not None, reading.findings
    return reading.portfolio


def test_what_is_cheap_comes_first_and_a_price_has_its_day() -> None:
    first = portfolio(found(("OPENAI_API_KEY", "MISTRAL_API_KEY"), OLLAMA))

    assert [len(tier) for tier in first.lanes["simple"].tiers] == [1, 2, 2]
    assert first.lanes["simple"].tiers[0] == ("llama3.2",)
    prices = [model.endpoints[0].price for name, model in first.models.items() if name != "llama3.2"]
    assert {price.from_ for price in prices if price} == {TODAY}


def test_one_vendor_alone_gets_no_critical_lane() -> None:
    assert list(portfolio(found(("OPENAI_API_KEY",))).lanes) == ["simple"]
    assert list(portfolio(found(("OPENAI_API_KEY",), OLLAMA)).lanes) == ["simple", "critical"]


EMBEDDERS = tuple(LocalModel(name, 2_048, ("embeddings",), size) for name, size in (("mxbai", 2), ("nomic:latest", 1)))


def test_models_that_embed_have_a_lane_of_their_own_and_answer_in_no_other() -> None:
    server = replace(OLLAMA, models=(*EMBEDDERS, *OLLAMA.models))
    first = portfolio(found((), server))

    assert first.lanes["simple"].tiers == (("llama3.2",),)
    assert (first.lanes["embeddings"].tasks, first.lanes["embeddings"].tiers) == (("embeddings",), (("nomic",),))
    assert [name for name, model in first.models.items() if model.abilities == ("embeddings",)] == ["nomic", "mxbai"]
    assert list(portfolio(found((), OLLAMA)).lanes) == ["simple"]


def test_a_server_that_only_embeds_is_no_second_opinion_and_no_portfolio_by_itself() -> None:
    server = replace(OLLAMA, models=EMBEDDERS)

    assert not found((), server).usable
    assert list(portfolio(found(("OPENAI_API_KEY",), server)).lanes) == ["simple", "embeddings"]


@pytest.mark.parametrize(
    ("name", "capabilities", "abilities"),
    [
        ("nomic-embed-text", ["embedding"], ("embeddings",)),
        ("nomic-embed-text", None, ("embeddings",)),
        ("llama3.2", None, ("chat", "json")),
        ("gemma", ["completion", "embedding", "vision"], ("chat", "json", "vision")),
    ],
)
def test_what_a_model_of_ollama_can_is_what_it_says(
    name: str, capabilities: list[str] | None, abilities: tuple[str, ...]
) -> None:
    model = ollama_model(Tag(name=name), Shown(capabilities=capabilities), None)
    assert model is not None
    assert model.abilities == abilities


def test_a_model_that_does_neither_is_left_alone() -> None:
    assert ollama_model(Tag(name="whisper"), Shown(capabilities=["transcription"]), None) is None


def test_a_withdrawn_model_gives_way_to_the_next() -> None:
    entries: dict[str, Any] = {
        "openai/gpt-4.1-mini": {"deprecation_date": "2026-05-01", "input_cost_per_token": 1e-6},
        "openai/gpt-5-mini": {"deprecation_date": "2027-01-01", "max_input_tokens": 9},
    }
    (openai,) = vendors_with_keys(["OPENAI_API_KEY"], entries.get, TODAY)

    assert openai.small is not None
    assert (openai.small.model, openai.small.context_tokens) == ("openai/gpt-5-mini", 9)


def test_without_a_price_list_no_price_is_made_up() -> None:
    hosted = vendors_with_keys(["ANTHROPIC_API_KEY"], lambda _: None, TODAY)
    document = starter(Found((), hosted, "", TODAY))

    assert "No price stands here" in document
    assert [
        end.price for model in portfolio(Found((), hosted, "", TODAY)).models.values() for end in model.endpoints
    ] == [
        None,
        None,
    ]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6, unique=True))
def test_whatever_names_a_server_gives_the_portfolio_is_valid(names: list[str]) -> None:
    models = vllm_models(Card(id=name, owned_by="vllm") for name in ("a/plain-name:8b", *names))
    server = LocalServer("vllm", "http://127.0.0.1:8000", models, "VLLM_API_KEY")
    written = portfolio(Found((server,), (), "", TODAY))

    called = [end.model for model in written.models.values() for end in model.endpoints]
    assert called == [model.model for model in ladder(models)]
    assert written.providers["vllm"].api_key_env == "VLLM_API_KEY"


def test_a_name_that_would_break_out_of_its_line_is_left_out() -> None:
    models = vllm_models([Card(id="good", owned_by="vllm"), Card(id="bad\nproviders:", owned_by="vllm")])

    assert [model.model for model in models] == ["good"]


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 what OLLAMA_HOST may say
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        (":9000", "http://127.0.0.1:9000"),
        ("https://models.example", "https://models.example:443"),
        ("http://user:secret@box/v1", "http://box:11434"),
        ("http://[::1]:7", "http://[::1]:7"),
    ],
)
def test_an_address_is_what_can_be_asked_without_a_password(told: str, url: str) -> None:
    assert address(told, 11_434) == url


@pytest.mark.parametrize(
    ("model", "name"),
    [("llama3.2:latest", "llama3.2"), ("hf.co/some/Model-GGUF:Q4_K_M", "Model-GGUF-Q4_K_M"), ("···", "model")],
)
def test_a_name_holds_only_what_a_name_may_hold(model: str, name: str) -> None:
    assert name_of(model) == name


def test_prices_of_long_prompts_are_written_down() -> None:
    longer = {"input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token_above_200k_tokens": 6e-6}
    vendors = vendors_with_keys(("OPENAI_API_KEY",), lambda _: {**ENTRY, **longer}, TODAY)
    document = portfolio(Found((), vendors, "litellm-1", TODAY))

    prices = [model.endpoints[0].price for model in document.models.values()]
    assert prices
    assert {price and price.micro_usd(200_000, 1_000) for price in prices} == {200_000 + 4_000}
    assert {price and price.micro_usd(200_001, 1_000) for price in prices} == {400_002 + 6_000}
