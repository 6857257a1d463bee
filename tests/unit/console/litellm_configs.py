"""Configurations of LiteLLM proxies as teams have them, and their conversion by a part of its price list."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from infra.price_list import ListedPrices
from schemas.portfolio import Lane, Model, Portfolio
from schemas.providers import Provider
from services.console.domain.document import parse
from services.console.domain.from_litellm.conversion import Converted, Source, converted
from services.console.domain.portfolio_file import read

TODAY = date(2026, 5, 1)
PRICES = ListedPrices(json.loads(Path(__file__).with_name("litellm_prices.json").read_bytes()), "litellm-1.106.2")
SOURCE = Source("config.yaml", PRICES.entry, PRICES.version, TODAY)
SECRET = "sk-proj-4f6d2a9c8e7b"
AZURE = f"""
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://team-eu.openai.azure.com/
      api_key: os.environ/AZURE_EU_KEY
      api_version: "2024-10-21"
      rpm: 600
      tpm: 100_000
      weight: 3
    model_info: {{base_model: azure/gpt-4o}}
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-us
      api_base: os.environ/AZURE_US_BASE
      api_key: {SECRET}
      rpm: 300
    model_info: {{base_model: azure/gpt-4o}}
"""
CLOUDS = f"""
model_list:
  - model_name: haiku
    litellm_params:
      model: bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0
      aws_region_name: us-west-2
      aws_access_key_id: {SECRET}
      aws_secret_access_key: os.environ/AWS_SECRET_ACCESS_KEY
  - model_name: gemini
    litellm_params: {{model: vertex_ai/gemini-2.5-pro, vertex_project: ours, vertex_location: europe-west4}}
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, timeout: 300, max_tokens: 4096}}
  - model_name: gpt-4.1
    litellm_params: {{model: gpt-4.1, api_key: os.environ/OPENAI_API_KEY}}
  - model_name: text-embedding-3-small
    litellm_params: {{model: openai/text-embedding-3-small}}
  - model_name: whisper
    litellm_params: {{model: whisper-1}}
    model_info: {{mode: audio_transcription}}
"""
OWN = """
model_list:
  - model_name: llama
    litellm_params: {model: ollama_chat/llama3.1, api_base: "http://localhost:11434"}
  - model_name: qwen
    litellm_params: {model: hosted_vllm/Qwen/Qwen3-8B, api_base: "http://10.0.0.7:8000/v1", api_key: none}
    model_info:
      mode: chat
      max_input_tokens: 32768
      max_output_tokens: 4096
      supports_function_calling: false
      input_cost_per_token: 1e-7
      output_cost_per_token: "0.0000002"
  - model_name: house
    litellm_params: {model: openai/house-7b, api_base: os.environ/HOUSE_URL, api_key: os.environ/HOUSE_KEY}
    model_info: {mode: chat}
"""
CHAINS = """
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4.1-mini}}
  - {model_name: b, litellm_params: {model: openai/gpt-4.1}}
  - {model_name: c, litellm_params: {model: anthropic/claude-haiku-4-5}}
  - {model_name: d, litellm_params: {model: groq/openai/gpt-oss-120b}}
  - {model_name: e, litellm_params: {model: openai/text-embedding-3-small}}
router_settings:
  fallbacks: [{a: [b]}, {b: [c, a]}, {c: [a]}, {e: [a]}, {ghost: [a]}, {a2: [nobody]}]
  context_window_fallbacks: [{a: [d]}]
  model_group_alias: {gpt-4: a, mini: {model: b, hidden: true}, lost: nowhere}
  num_retries: 1
"""
WILD = """
model_list:
  - {model_name: "anthropic/*", litellm_params: {model: "anthropic/*", api_key: os.environ/ANTHROPIC_API_KEY}}
  - {model_name: "*", litellm_params: {model: "vendor-of-nobody/*"}}
  - {model_name: openai/gpt-4o, litellm_params: {model: openai/gpt-4o}}
"""


@dataclass(frozen=True)
class Case:
    """A conversion, and its document as it is read."""

    found: Converted
    portfolio: Portfolio

    def lane(self, name: str) -> Lane:
        return self.portfolio.lanes[name]

    def model(self, name: str) -> Model:
        return self.portfolio.models[name]

    def provider(self, model: str, number: int = 0) -> Provider:
        return self.portfolio.providers[self.model(model).endpoints[number].provider]

    def said(self, setting: str) -> list[str]:
        """What is told of a setting."""
        return [each.says for each in self.found.told if each.setting == setting]


def case(text: str) -> Case:
    """The conversion of a text, whose document must be valid."""
    found = converted(parse(text).mapping or {}, SOURCE)
    assert found.document is not None, found.told
    reading = read(found.document)
    assert reading.portfolio is not None, (reading.findings, found.document)
    return Case(found, reading.portfolio)
