"""How a request is understood where more than one service must understand it alike."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from schemas.chat import whole
from schemas.content import Json
from schemas.portfolio import Portfolio
from schemas.vocabulary import AUTO, LANE_PREFIX

GENERAL = "general"
"""The task class of a request that is of no other."""
DEFAULT_TENANT = "default"
"""Of a request that nobody's key or topic gives a tenant."""

CHARACTERS_A_TOKEN = 4
TOKENS_AN_IMAGE = 1_000
"""Estimates, where no provider has counted."""
TOKENS_A_BYTE = 0.4
"""Of text beyond ASCII: tokenizers know few whole words of other scripts, and spell them by their bytes."""

USUAL_ANSWER_TOKENS = 256
"""Of an answer of usual length."""


def tokens_in(text: str) -> float:
    """About how many tokens a text is, without a tokenizer: no model is chosen yet."""
    if text.isascii():
        return len(text) / CHARACTERS_A_TOKEN
    plain = len(text.encode("ascii", "ignore"))
    beyond = len(text.encode("utf-8", "surrogatepass")) - plain
    return plain / CHARACTERS_A_TOKEN + beyond * TOKENS_A_BYTE


def answer_bounds(params: Json) -> list[int]:
    """The tokens that a client lets an answer have, under each name by which it told a bound that counts.

    OpenAI's newer name goes first, as it does with OpenAI.
    """
    told = (whole(params.get(name)) for name in ("max_completion_tokens", "max_tokens"))
    return [bound for bound in told if type(bound) is int and bound > 0]


def answer_bound(params: Json) -> int | None:
    """The first of :func:`answer_bounds`, which holds; ``None`` where the client set none."""
    return next(iter(answer_bounds(params)), None)


def own_name(model: str | None, portfolio: Portfolio) -> str | None:
    """The portfolio's own name for what stands in ``model``: of a lane with its prefix, where it is also called so."""
    if model is None or model == AUTO or model in portfolio.models or model in portfolio.lanes:
        return model
    return next((name for alias, name in aliases_of(portfolio) if alias == model), model)


def aliases_of(portfolio: Portfolio) -> Iterator[tuple[str, str]]:
    """What models and lanes are also called, each with the own name that it stands for in ``model``."""
    for name, model in portfolio.models.items():
        yield from ((alias, name) for alias in model.also_called or ())
    for name, lane in portfolio.lanes.items():
        yield from ((alias, f"{LANE_PREFIX}{name}") for alias in lane.also_called or ())


def lane_in(model: str | None, portfolio: Portfolio) -> str | None:
    """The lane that stands in ``model``. ``auto`` and a model of the same name go first."""
    model = own_name(model, portfolio)
    if model is None or model == AUTO or model in portfolio.models:
        return None
    lane = model.removeprefix(LANE_PREFIX)
    return lane if lane in portfolio.lanes else None


def why_no_call(choice: Any, tools: Sequence[Json] | None) -> str | None:
    """Why no answer can call a tool as this ``tool_choice`` wants it; ``None`` where one can, or where none must."""
    if choice == "required" and not tools:
        return "required wants a tool called: offer one in tools, or leave it out"
    named, offered = _function_named(choice), [_function_named(tool) for tool in tools or ()]
    if named is None or named in offered:
        return None
    # Names are the client's own words, and this is said where content may be sealed.
    return f"it names a tool that is not among tools: {'name one that is offered' if offered else 'offer it in tools'}"


def _function_named(told: Any) -> str | None:
    function = cast("Json", told).get("function") if isinstance(told, dict) else None
    name = cast("Json", function).get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
