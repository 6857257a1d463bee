"""A team that ran a LiteLLM proxy: its configuration converted, put in force, and asked as its clients ask."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI
from own_ports import free_port

from infra.local.bus import bus_config
from infra.local.documents import read_portfolio
from infra.local.parts import Addresses
from infra.local.services import apply_portfolio
from pipeline.scripts import Script, Scripts, embeds, fails, says
from pipeline.stack import Background, Services, new_database
from services.console.__main__ import main

KEY = "sk-of-the-old-proxy-5b1f"
CONFIG = """
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/house-a, api_base: "{url}/a/v1", api_key: {key}, rpm: 600}}
    model_info: {{input_cost_per_token: 1e-6, output_cost_per_token: 2e-6}}
  - model_name: gpt-4o
    litellm_params: {{model: openai/house-b, api_base: "{url}/b/v1", api_key: none}}
    model_info: {{input_cost_per_token: 2e-6, output_cost_per_token: 4e-6}}
  - model_name: claude
    litellm_params: {{model: openai/house-c, api_base: "{url}/c/v1", api_key: none}}
  - model_name: meta-llama/Llama-3.1-8B
    litellm_params: {{model: openai/house-d, api_base: "{url}/d/v1", api_key: none}}
  - model_name: vectors/small:1
    litellm_params: {{model: openai/house-embed, api_base: "{url}/c/v1", api_key: none}}
    model_info: {{mode: embedding, max_input_tokens: 512}}
router_settings:
  fallbacks: [{{gpt-4o: [claude]}}]
  model_group_alias: {{gpt-4: gpt-4o, openai/gpt-4: gpt-4o}}
  num_retries: 0
general_settings: {{master_key: {key}}}
"""


@pytest.fixture(scope="module")
def gateway(addresses: Addresses, background: Background, scripts: Scripts, scratch: Path) -> Iterator[str]:
    """The gateway of the converted portfolio, in a world of its own."""
    config, file = scratch / "config.yaml", scratch / "from-litellm.yaml"
    config.write_text(CONFIG.format(url=scripts.url, key=KEY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOPIC_PREFIX", "from-litellm.")
        patch.setenv("OBJECTS_URL", str(scratch / "objects-from-litellm"))
        patch.setenv("OPENAI_GPT_4O_API_KEY", KEY)
        assert main(["init", "--from-litellm", str(config), "--output", str(file)]) == 0
        assert KEY not in file.read_text()
        assert main(["check", str(file)]) == 0
        database = background.run(new_database(addresses.database, "from_litellm"))
        mine = Addresses(addresses.kafka, database, "", addresses.otlp, None)
        portfolio = read_portfolio(file)
        background.run(apply_portfolio(portfolio, mine, bus_config(mine)))
        services = Services(background, portfolio, mine, (free_port(), free_port()))
        try:
            services.start()
            yield services.gateway
        finally:
            services.stop()


@pytest.fixture
def client(gateway: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


def asked(client: OpenAI, model: str, script: Script, **params: Any) -> tuple[str | None, str]:
    """The answer, and the model that gave it."""
    told = client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": script.question}], **params
    )
    return told.parse().choices[0].message.content, told.headers["x-portfolio-model"]


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4", "openai/gpt-4"])
def test_a_group_and_its_alias_are_asked_by_their_old_names(client: OpenAI, scripts: Scripts, name: str) -> None:
    script = scripts.expect({"house-a": [says("Seven.")]})
    assert asked(client, name, script, temperature=0.5) == ("Seven.", "gpt-4o-alone")
    assert script.asked[0]["temperature"] == 0.5


def test_another_deployment_of_the_group_then_the_fallback_answers(client: OpenAI, scripts: Scripts) -> None:
    script = scripts.expect({"house-a": [fails(500)], "house-b": [fails(500)], "house-c": [says("Eight.")]})
    assert asked(client, "gpt-4o", script) == ("Eight.", "claude")
    assert script.models() == ["house-a", "house-b", "house-c"]


def test_a_group_without_fallbacks_is_a_model_of_its_name(client: OpenAI, scripts: Scripts) -> None:
    script = scripts.expect({"house-c": [says("Nine.")]})
    assert asked(client, "claude", script) == ("Nine.", "claude")
    assert "claude" in [each.id for each in client.models.list()]


def test_an_embedding_group_gives_vectors(client: OpenAI, scripts: Scripts) -> None:
    script = scripts.expect({"house-embed": [embeds([0.5, -0.25])]})
    told = client.embeddings.create(model="vectors/small:1", input=script.question)
    assert told.data[0].embedding == [0.5, -0.25]


@pytest.mark.parametrize("dialect", ["chat", "stream", "responses", "messages"])
def test_a_name_with_a_slash_is_asked_in_every_dialect(
    client: OpenAI, scripts: Scripts, gateway: str, dialect: str
) -> None:
    script, name = scripts.expect({"house-d": [says("Ten.")]}), "meta-llama/Llama-3.1-8B"
    message: Any = {"role": "user", "content": script.question}
    if dialect == "chat":
        assert asked(client, name, script) == ("Ten.", "meta-llama-Llama-3.1-8B")
    elif dialect == "stream":
        chunks = client.chat.completions.create(model=name, messages=[message], stream=True)
        assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices) == "Ten."
    elif dialect == "responses":
        assert client.responses.create(model=name, input=script.question).output_text == "Ten."
    else:
        with Anthropic(base_url=gateway, api_key="any", max_retries=0, timeout=90) as other:
            told = other.messages.create(model=name, messages=[message], max_tokens=400)
            assert [getattr(each, "text", None) for each in told.content] == ["Ten."]
    assert client.models.retrieve(name).id == name
