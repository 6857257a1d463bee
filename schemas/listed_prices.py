"""Where LiteLLM's price list says what tokens cost, in dollars each, and above which length of a prompt they cost more.

Source: ``model_prices_and_context_window.json`` of LiteLLM, and ``_get_token_base_cost``, which reads it.
"""

import re
from collections.abc import Mapping
from typing import Any

LISTED_AS = {
    "input": "input_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "output": "output_cost_per_token",
}
"""The list's name of each price of a portfolio's."""
BEGINS_A_TIER = re.compile(r"(?:input|output)_cost_per_token(?P<name>_above_(?P<number>\d+)(?P<thousands>k?)_tokens)")
FROM_THERE_ON = ("xai",)
"""Vendors who charge a prompt of exactly so many tokens as a longer one."""


def listed_prices(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the list says of each price that a portfolio has, whatever that is."""
    return {name: entry.get(listed) for name, listed in LISTED_AS.items()}


def listed_above(entry: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """By the tokens above which a prompt and its answer are paid by others, the shortest first: those prices.

    What an entry does not tell there is as for shorter prompts.
    """
    found = {match["name"]: match for key in entry if (match := BEGINS_A_TIER.fullmatch(key))}
    tiers = {_tokens_of(match, entry): name for name, match in found.items()}
    return {
        tokens: {ours: entry.get(f"{listed}{name}") for ours, listed in LISTED_AS.items()}
        for tokens, name in sorted(tiers.items())
    }


def without_tiers(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry whose prices hold for prompts of any length."""
    return {key: told for key, told in entry.items() if not BEGINS_A_TIER.fullmatch(key)}


def _tokens_of(match: re.Match[str], entry: Mapping[str, Any]) -> int:
    tokens = int(match["number"]) * (1_000 if match["thousands"] else 1)
    return tokens - 1 if entry.get("litellm_provider") in FROM_THERE_ON else tokens
