"""The next path where some models alone will do: with room for a longer answer, or approved for a policy. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.attempt import Candidate, Tried
from schemas.models import Price
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.room import has_more_room
from services.router.domain.choose import Chosen, Options, asked_again, choose_among, used_by
from services.router.domain.cost import expected_micro_usd
from services.router.domain.ways import candidate_of


def choose_longer(
    options: Options,
    request: Request,
    portfolio: Portfolio,
    tier: int,
    tried: Sequence[Tried],
    most_output_tokens: int | None,
) -> Chosen | None:
    """The last path, for so many tokens; without a bound the next, from this tier up, that has room for more."""
    if most_output_tokens is None:
        return _roomier(options, request, portfolio, tier, tried)
    last = candidate_of(tried[-1].model or "", tried[-1].provider or "")
    chosen = asked_again(options, last, tier, f"the same model, for an answer of up to {most_output_tokens} tokens")
    if chosen is None:
        return None
    cost = expected_micro_usd(_price(portfolio, last), request, most_output_tokens)
    return replace(chosen, choice=chosen.choice.model_copy(update={"expected_micro_usd": cost}))


def _roomier(
    options: Options, request: Request, portfolio: Portfolio, tier: int, tried: Sequence[Tried]
) -> Chosen | None:
    as_short = [path for path in options.costs if not has_more_room(path, request, tried, portfolio)]
    return choose_among(options, tier, (*used_by(tried), *as_short), "a path with room for a longer answer")


def choose_approved(options: Options, portfolio: Portfolio, tier: int, tried: Sequence[Tried]) -> Chosen | None:
    """The next path, from this tier up, whose model was approved for what policies doubt."""
    others = [path for path in options.costs if not portfolio.is_approved(path.model)]
    return choose_among(options, tier, (*used_by(tried), *others), "a model approved for what policies doubt")


def _price(portfolio: Portfolio, path: Candidate) -> Price | None:
    endpoint = portfolio.models[path.model].endpoint_at(path.provider)
    return endpoint.price if endpoint else None
