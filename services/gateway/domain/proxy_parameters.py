"""What clients of other proxies, LiteLLM's above all, send beside OpenAI's parameters: refused, each with its remedy.

Source: LiteLLM's documentation of its proxy, "Request headers" and "Langchain, OpenAI SDK, ... examples".
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.chat import Unsupported

IN_PORTFOLIO = Unsupported("where models are called, and with which key, stands in the portfolio: leave it out")
TRIES = Unsupported("how often a request is tried is said by its lane (max_attempts): leave it out", (0,))
TIMES = Unsupported("send portfolio: {deadline_s: ...}, or leave it out")
FALLBACKS = Unsupported("a lane's tiers are its fallbacks: ask for a lane that has them", ([],))
MOCKS = Unsupported("leave it out: recorded answers are a provider of the portfolio (adapter: replay)")
CACHES = Unsupported("the lane says whether answers are kept (cache: {for_s: ...}): leave it out")
DROPS = Unsupported("no parameter is dropped: leave out those that the model does not take, and this one", (False, []))
TRACES = Unsupported("send the header traceparent, or portfolio: {session: ...}")

OF_PROXIES: Mapping[str, Unsupported] = MappingProxyType(
    {
        **dict.fromkeys(
            "api_base api_key api_version base_url custom_llm_provider extra_headers".split(), IN_PORTFOLIO
        ),
        **dict.fromkeys("headers model_list organization user_config".split(), IN_PORTFOLIO),
        **dict.fromkeys(("max_retries", "num_retries"), TRIES),
        **dict.fromkeys(("request_timeout", "stream_timeout", "timeout"), TIMES),
        **dict.fromkeys(("context_window_fallback_dict", "content_policy_fallbacks", "fallbacks"), FALLBACKS),
        **dict.fromkeys(("mock_response", "mock_testing_fallbacks", "mock_timeout", "mock_tool_calls"), MOCKS),
        **dict.fromkeys(("cache", "caching", "ttl"), CACHES),
        **dict.fromkeys(("additional_drop_params", "allowed_openai_params", "drop_params"), DROPS),
        **dict.fromkeys(("litellm_session_id", "litellm_trace_id", "session_id"), TRACES),
        "disable_fallbacks": Unsupported("ask for the model itself, by its name in GET /v1/models", (False,)),
        "enable_tag_filtering": Unsupported("ask for a lane or a model by its name", (False,)),
        "guardrails": Unsupported(
            "the lane says which checks an answer must pass; more: portfolio: {checks: [{name: format}]}", ([],)
        ),
        "litellm_metadata": Unsupported("use metadata", ({},)),
        "no-log": Unsupported("prompts and answers are in no log: leave it out"),
        "tags": Unsupported("use metadata: it comes back with the request's events", ([],)),
        "thinking": Unsupported("use reasoning_effort"),
    }
)
OF_PROXIES_FOR_EMBEDDINGS: Mapping[str, Unsupported] = MappingProxyType(
    {
        **OF_PROXIES,
        **dict.fromkeys(("litellm_metadata", "tags"), Unsupported("leave it out, or send user", ({}, []))),
        "guardrails": Unsupported("the lane says which checks vectors must pass: leave it out", ([],)),
        "thinking": Unsupported("a model that makes vectors does not think: leave it out"),
    }
)
"""Embeddings take neither metadata nor parameters of an answer."""
