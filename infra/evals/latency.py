"""Latency, which no recording holds: modelled, and called so.

Time to first token, and the output (characters / 4 is a token) at so many tokens a second, by the model's size; times a
lognormal factor from a fixed seed for each question and model.
"""

import random
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from schemas.asking import CHARACTERS_A_TOKEN

SIGMA = 0.35


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds to the first token, and tokens a second after it."""

    first_token_s: float
    tokens_per_s: float


SMALL, MIDDLE, STRONG = Speed(0.3, 150), Speed(0.5, 80), Speed(0.8, 50)
SPEEDS = {
    "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4": SMALL,
    "Qwen/Qwen2.5-3B-Instruct-GPTQ-Int4": SMALL,
    "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4": SMALL,
    "Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4": SMALL,
    "Qwen/Qwen2.5-32B-Instruct-GPTQ-Int4": MIDDLE,
    "mistralai/Mistral-7B-Instruct-v0.3": SMALL,
    "gemma-2-2b-it": SMALL,
    "gemma-2-9b-it": SMALL,
    "Meta-Llama-3.1-8B-Instruct": SMALL,
    "gemini-1.5-flash": MIDDLE,
    "gpt-3.5-turbo-0125": MIDDLE,
    "gpt-4o-mini-2024-07-18": MIDDLE,
    "claude-3-haiku-20240307": MIDDLE,
    "gpt-4o-2024-08-06": STRONG,
    "claude-3-5-sonnet-20240620": STRONG,
    "claude-3-5-sonnet-20241022": STRONG,
    "claude-3-opus-20240229": STRONG,
}


@lru_cache(maxsize=65_536)
def seconds(model: str, question: str, characters: int) -> float:
    """How long an answer of this length takes. Raises ``KeyError`` for a model of unknown speed."""
    speed = SPEEDS[model]
    draw = random.Random(sha256(f"{model}:{question}".encode()).digest())  # noqa: S311 a model, no secret
    usual = speed.first_token_s + characters / CHARACTERS_A_TOKEN / speed.tokens_per_s
    return usual * draw.lognormvariate(0, SIGMA)
