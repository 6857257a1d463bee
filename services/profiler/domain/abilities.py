"""What a request needs a model to be able to do, where no model that it may have can: it is told at once."""

from collections.abc import Iterator, Sequence

from schemas.models import SERVING
from schemas.portfolio import Portfolio
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import EMBEDDINGS, Reason
from services.profiler.domain.classify import pinned_model

CHAT = "chat"


def ability_refusal(asked: RequestSubmitted, needs: Sequence[str], lane: str, portfolio: Portfolio) -> Refusal | None:
    """Why no model that it may have does what it needs, and what to add. Its lane and its model are known.

    A person may answer what no model of the lane can, where it is a chat at all.
    """
    named = pinned_model(asked)
    if portfolio.lanes[lane].reviews is not None and CHAT in needs:
        needs = (CHAT,)
    if named is None:
        return _of_the_lane(needs, lane, portfolio)
    if missing := _missing(portfolio, named, needs):
        return _lacking(f"the model {named} lacks the {_said(missing)}", needs, lane, portfolio)
    if EMBEDDINGS in needs and named not in able_in(portfolio, lane, needs):
        detail = f"the model {named} is in no tier of lane {lane}: add it there, or name a lane that has it"
        return Refusal(reason=Reason.LACKS_ABILITY, detail=detail)
    return None


def able_in(portfolio: Portfolio, lane: str, needs: Sequence[str]) -> Iterator[str]:
    """The models of a lane that have all these abilities, tier by tier."""
    found = portfolio.lanes.get(lane)
    return (name for name in (found.models if found else ()) if not _missing(portfolio, name, needs))


def _of_the_lane(needs: Sequence[str], lane: str, portfolio: Portfolio) -> Refusal | None:
    if any(able_in(portfolio, lane, needs)):
        return None
    nobodys = [need for need in needs if not any(able_in(portfolio, lane, (need,)))] or needs
    return _lacking(f"no model of lane {lane} has the {_said(nobodys)}", needs, lane, portfolio)


def _missing(portfolio: Portfolio, name: str, needs: Sequence[str]) -> list[str]:
    return [need for need in needs if need not in portfolio.models[name].abilities]


def _said(abilities: Sequence[str]) -> str:
    return f"{'ability' if len(abilities) == 1 else 'abilities'} {', '.join(abilities)}"


def _lacking(who: str, needs: Sequence[str], lane: str, portfolio: Portfolio) -> Refusal:
    able = dict.fromkeys(name for each in portfolio.lanes for name in able_in(portfolio, each, needs))
    asked = [name for name in able if portfolio.models[name].lifecycle in SERVING]
    named = f"name one that has it ({', '.join(asked)}), or " if asked else ""
    add = f"add a model with abilities: [{', '.join(needs)}] to lanes.{lane}.tiers"
    return Refusal(reason=Reason.LACKS_ABILITY, detail=f"{who}: {named}{add}")
