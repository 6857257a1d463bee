"""Hosted vendors that a first portfolio may hold: which variable has their key, and which models to begin with."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.listed_prices import listed_above, listed_prices

Entry = Mapping[str, Any]
Lookup = Callable[[str], Entry | None]
"""What LiteLLM's price list says of a model, by LiteLLM's name of it."""
PER_MILLION = 1_000_000
UNLISTED_CONTEXT = 32_000
ABILITIES = (
    ("json", "supports_response_schema"),
    ("tools", "supports_function_calling"),
    ("vision", "supports_vision"),
    ("audio", "supports_audio_input"),
)


@dataclass(frozen=True, slots=True)
class Vendor:
    """``keys``: variables that may hold its key. ``small`` and ``strong``: LiteLLM's names, the best choice first."""

    name: str
    keys: tuple[str, ...]
    region: str
    small: tuple[str, ...]
    strong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model of a vendor. Prices are dollars for a million tokens; ``None`` where the list does not say.

    ``above``: those of longer prompts, by name, with the tokens above which they hold.
    """

    model: str
    context_tokens: int
    abilities: tuple[str, ...]
    input: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    output: Decimal | None = None
    above: tuple[tuple[int, tuple[tuple[str, Decimal], ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class HostedVendor:
    """A vendor whose key is there. ``key`` is the variable's name; its value is never looked at."""

    vendor: Vendor
    key: str
    small: HostedModel | None
    strong: HostedModel | None


VENDORS = (
    Vendor(
        "openai",
        ("OPENAI_API_KEY",),
        "us",
        ("openai/gpt-4.1-mini", "openai/gpt-5-mini"),
        ("openai/gpt-4.1", "openai/gpt-5.2"),
    ),
    Vendor(
        "anthropic",
        ("ANTHROPIC_API_KEY",),
        "us",
        ("anthropic/claude-haiku-4-5",),
        ("anthropic/claude-sonnet-4-6", "anthropic/claude-sonnet-4-5"),
    ),
    Vendor(
        "gemini",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "us",
        ("gemini/gemini-2.5-flash", "gemini/gemini-flash-latest"),
        ("gemini/gemini-2.5-pro", "gemini/gemini-pro-latest"),
    ),
    Vendor(
        "mistral",
        ("MISTRAL_API_KEY",),
        "eu",
        ("mistral/mistral-small-latest",),
        ("mistral/mistral-medium-latest", "mistral/mistral-large-latest"),
    ),
    Vendor(
        "cohere",
        ("COHERE_API_KEY", "CO_API_KEY"),
        "us",
        ("cohere/command-r-08-2024",),
        ("cohere/command-a-03-2025",),
    ),
    Vendor(
        "deepseek",
        ("DEEPSEEK_API_KEY",),
        "cn",
        ("deepseek/deepseek-v4-flash", "deepseek/deepseek-chat"),
        ("deepseek/deepseek-v4-pro", "deepseek/deepseek-reasoner"),
    ),
    Vendor("groq", ("GROQ_API_KEY",), "us", ("groq/openai/gpt-oss-20b",), ("groq/openai/gpt-oss-120b",)),
    Vendor("cerebras", ("CEREBRAS_API_KEY",), "us", ("cerebras/gpt-oss-120b",), ()),
    Vendor("xai", ("XAI_API_KEY",), "us", ("xai/grok-4.20-non-reasoning", "xai/grok-4.3"), ("xai/grok-4.5",)),
)
KEYS = tuple(key for vendor in VENDORS for key in vendor.keys)


def vendors_with_keys(variables: Collection[str], listed: Lookup, today: date) -> list[HostedVendor]:
    """The vendors one of whose keys is set, with the models to begin with; ``variables`` are names alone."""
    found: list[HostedVendor] = []
    for vendor in VENDORS:
        if key := next((each for each in vendor.keys if each in variables), None):
            small, strong = (first_listed(names, listed, today) for names in (vendor.small, vendor.strong))
            found.append(HostedVendor(vendor, key, small, strong))
    return found


def first_listed(names: tuple[str, ...], listed: Lookup, today: date) -> HostedModel | None:
    """The first that the list has and that is not withdrawn; the first of all where the list knows none."""
    entries = ((name, listed(name)) for name in names)
    found = next(((name, entry) for name, entry in entries if entry and not is_gone(entry, today)), None)
    if found is not None:
        return hosted_model(*found)
    return HostedModel(names[0], UNLISTED_CONTEXT, ("chat", "json", "tools")) if names else None


def is_gone(entry: Entry, today: date) -> bool:
    """Whether the list says that a model is withdrawn."""
    try:
        return date.fromisoformat(str(entry.get("deprecation_date"))) <= today
    except ValueError:
        return False


def hosted_model(name: str, entry: Entry) -> HostedModel:
    """What an entry of the price list says of a model."""
    return HostedModel(
        name,
        int(entry.get("max_input_tokens") or UNLISTED_CONTEXT),
        ("chat", *(ability for ability, key in ABILITIES if entry.get(key))),
        **{ours: _dollars(per_token) for ours, per_token in listed_prices(entry).items()},
        above=tuple((tokens, tuple(_told(prices))) for tokens, prices in listed_above(entry).items()),
    )


def _told(prices: Entry) -> Iterator[tuple[str, Decimal]]:
    for ours, per_token in prices.items():
        if (dollars := _dollars(per_token)) is not None:
            yield ours, dollars


def _dollars(per_token: Any) -> Decimal | None:
    if not isinstance(per_token, int | float):
        return None
    return (Decimal(str(per_token)) * PER_MILLION).normalize() + 0
