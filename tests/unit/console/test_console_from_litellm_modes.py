"""What a LiteLLM configuration does not say of a model's mode: its name may tell, and what is assumed is told."""

import pytest
from litellm_configs import case

HOUSE = """
model_list:
  - {{model_name: known, litellm_params: {{model: openai/gpt-4.1}}}}
  - model_name: m
    litellm_params: {{model: "{}", api_base: "http://gpu:8000/v1"}}
"""


@pytest.mark.parametrize("model", ["hosted_vllm/BAAI/bge-m3", "hosted_vllm/intfloat/e5-large", "azure/emb3"])
def test_embedders_are_known_by_their_names(model: str) -> None:
    assert case(HOUSE.format(model)).model("m").abilities == ("embeddings",)


def test_a_reranker_is_not_served() -> None:
    found = case(HOUSE.format("hosted_vllm/BAAI/bge-reranker-v2-m3"))
    assert "m" not in found.portfolio.models
    assert found.said("model_info.mode")[0].startswith("a model of the mode rerank is not served")


def test_a_model_that_is_assumed_to_answer_chats_is_asked_by_its_name_alone() -> None:
    found = case(HOUSE.format("openai/kokoro"))
    assert found.lane("simple").tiers == (("known",),)
    assert any(says.startswith("it is assumed to answer chats") for says in found.said("litellm_params.model"))
    assert found.lane("m").tiers == (("m-alone",),), "a model is reached by a lane alone"
    told = case(HOUSE.format("openai/kokoro").rstrip() + "\n    model_info: {mode: chat}\n")
    assert {"known", "m"} == {name for tier in told.lane("simple").tiers for name in tier}
