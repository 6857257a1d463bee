"""Which values of a configuration may stand in a text: names that are known, and nothing that may be a key."""

import re

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY_BEGINS = re.compile(r"(sk|pk|xai|pplx|xox[a-z])-.{4,}|(sk_|hf_|gsk_|ghp_|r8_|AKIA|ASIA|AIza|eyJ).{12,}")
"""How keys of well-known vendors begin."""
TOKEN = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-.+")
"""Letters and digits without a break, as no word has them; or a UUID."""
MODES = frozenset(
    "audio_speech audio_transcription chat completion embedding image_edit image_generation moderation ocr realtime "
    "rerank responses search vector_store video_generation".split()
)
"""LiteLLM's modes of models."""
PROVIDERS = frozenset(
    "a2a a2a_agent ai21 ai21_chat aiml aiohttp_openai amazon_nova anthropic anthropic_text apertis assemblyai "
    "auto_router aws_polly aws_textract azure azure_ai azure_speech azure_text baseten bedrock bedrock_mantle "
    "black_forest_labs bytez cerebras charity_engine chatgpt chutes clarifai cloudflare codestral cognition cohere "
    "cohere_chat cometapi compactifai cortecs cursor custom custom_openai darkbloom dashscope databricks datarobot "
    "deepgram deepinfra deepseek docker_model_runner dotprompt edenai elevenlabs empower fal_ai featherless_ai "
    "fireworks_ai friendliai galadriel gdc gemini gigachat github github_copilot gradient_ai groq helicone heroku "
    "hosted_vllm huggingface humanloop hyperbolic inception infinity jina_ai lambda_ai langflow langfuse langgraph "
    "lemonade libertai litellm_agent litellm_proxy llamafile lm_studio manus maritalk meta meta_llama milvus minimax "
    "mistral modelscope mongodb moonshot morph nadir nano-gpt nebius neosantara nlp_cloud novita nscale nvidia_nim "
    "nvidia_riva oci ollama ollama_chat oobabooga openai openai_like openrouter ovhcloud parasail perplexity petals "
    "pg_vector pinstripes poe predibase prism publicai qwen_ai_platform qwencloud ragflow recraft reducto reka "
    "replicate runwayml s3_vectors sagemaker sagemaker_chat sagemaker_nova sail sambanova sap scaleway scx-ai "
    "snowflake soniox stability strands_decider synthetic tencent tensormesh text-completion-codestral "
    "text-completion-inception text-completion-openai together_ai topaz transcribe triton typesafe v0 valkey "
    "vercel_ai_gateway vertex_ai vertex_ai_beta vllm volcengine voyage wandb watsonx watsonx_text xai xiaomi_mimo "
    "xinference zai".split()
)
"""LiteLLM's vendors."""


def may_be_a_key(text: str) -> bool:
    """Whether a key may stand in a text, for all that its form tells."""
    return any(map(_is_token, re.split(r"[/.:=&?;,@\s]+", text)))


def _is_token(piece: str) -> bool:
    unbroken = (piece, *re.split(r"[-_]", piece))
    return KEY_BEGINS.match(piece) is not None or any(TOKEN.fullmatch(each) for each in unbroken)


def is_variable(name: str) -> bool:
    """Whether it is the name of a variable, and not a key that stands in a name's place."""
    return VARIABLE_NAME.fullmatch(name) is not None and not may_be_a_key(name)
