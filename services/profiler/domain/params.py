"""The parameters that are passed through to models; any other is refused by name, never silently dropped."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.content import Json

PASSED = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "safety_identifier",
        "seed",
        "stop",
        "temperature",
        "tool_choice",
        "top_p",
        "user",
        "verbosity",
    }
)
PASSED_FOR_VECTORS = frozenset({"dimensions", "user"})
HARMLESS: Mapping[str, Any] = MappingProxyType({"n": 1, "stream": False, "logprobs": False})
"""Parameters that may be named with the one value that asks for nothing."""


def unsupported_param(params: Json, *, for_vectors: bool = False) -> str | None:
    """The first parameter that cannot be honoured; ``None`` when all can."""
    passed = PASSED_FOR_VECTORS if for_vectors else PASSED
    for name, value in params.items():
        if name not in passed and not (name in HARMLESS and value in (None, HARMLESS[name])):
            return name
    return None


def passed_params(params: Json) -> Json:
    """What goes on to the model."""
    return {name: value for name, value in params.items() if name in PASSED | PASSED_FOR_VECTORS and value is not None}
