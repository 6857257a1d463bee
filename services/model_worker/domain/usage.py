"""Tokens: as the provider counts them where that can be, else estimated from characters."""

from typing import Any

from schemas.asking import CHARACTERS_A_TOKEN
from schemas.attempt import Usage
from schemas.content import Json
from services.model_worker.domain.shapes import object_in


def tokens_in(characters: int) -> int:
    """Four characters a token, rounded up."""
    return -(-characters // CHARACTERS_A_TOKEN)


def estimated(prompt_characters: int, answer_characters: int) -> Usage:
    """By :func:`tokens_in`, and said to be an estimate."""
    return Usage(
        input_tokens=tokens_in(prompt_characters),
        output_tokens=tokens_in(answer_characters),
        estimated=True,
    )


def usage_of(told: Any, *, prompt_characters: int, answer_characters: int, context_tokens: int) -> Usage:
    """The usage of a chat completion, when it is one that can be true; else an estimate."""
    credible = credible_usage(
        told,
        prompt_characters=prompt_characters,
        answer_characters=answer_characters,
        context_tokens=context_tokens,
    )
    return credible or estimated(prompt_characters, answer_characters)


def credible_usage(told: Any, *, prompt_characters: int, answer_characters: int, context_tokens: int) -> Usage | None:
    """The usage that a response tells, when it is one that can be true.

    ``told`` is the ``usage`` object of the response. Counts that are negative, no integers, zero where there are
    characters, or more than both the model's context and the characters in question, are not believed.
    """
    fields = object_in(told)
    read = _count(fields.get("prompt_tokens"), max(context_tokens, prompt_characters))
    written = _count(fields.get("completion_tokens"), max(context_tokens, answer_characters))
    if read is None or written is None:
        return None
    if (prompt_characters and not read) or (answer_characters and not written):
        return None
    details = object_in(fields.get("prompt_tokens_details"))
    cached = _count(details.get("cached_tokens"), read) or 0
    kept = _count(_cache_writes(fields, details), read - cached) or 0
    beside = _beside(fields.get("total_tokens"), read + written, context_tokens)
    untold = 0 if beside in (cached, kept, cached + kept) else beside
    reasoning = _reasoning(fields, untold, context_tokens)
    if reasoning == beside:
        written += reasoning  # xAI and Gemini count them beside those of the answer; others among them
    return Usage(
        input_tokens=read,
        cached_input_tokens=cached,
        cache_write_tokens=kept,
        output_tokens=written,
        reasoning_tokens=reasoning if reasoning <= written else 0,
    )


def _beside(total: Any, told: int, most: int) -> int:
    """Tokens of the total that are neither among those read nor among those of the answer."""
    return max(0, (_count(total, told + most) or 0) - told)


def _reasoning(fields: Json, untold: int, most: int) -> int:
    """As the provider counts them. Gemini's endpoint for OpenAI's clients does not, and tells but a greater total."""
    told = object_in(fields.get("completion_tokens_details")).get("reasoning_tokens")
    return _count(untold if told is None else told, most) or 0


def _cache_writes(fields: Json, details: Json) -> Any:
    """Tokens written into the provider's cache, by LiteLLM's names, OpenRouter's and Anthropic's own."""
    told = (details.get("cache_creation_tokens"), details.get("cache_write_tokens"))
    return next((value for value in told if value is not None), fields.get("cache_creation_input_tokens"))


def _count(value: Any, most: int) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    return None
