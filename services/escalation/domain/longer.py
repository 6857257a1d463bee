"""How long the next answer of a model may get whose last one was cut off, where no client had set a bound. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic_core import from_json

from schemas.asking import USUAL_ANSWER_TOKENS
from schemas.attempt import AtHand, Attempt, Tried, Usage
from schemas.budget import spare_micro_usd
from schemas.content import Body, Json
from schemas.models import Price
from schemas.portfolio import CheckName, Portfolio
from schemas.request import Request
from schemas.room import cut_off_after, prompt_tokens, room_in
from schemas.vocabulary import Reason

TIMES_AS_LONG = 2
"""Asked for once more: a model that runs on without an end is stopped at twice its length."""
NOT_SO_LONG = (Reason.INVALID_REQUEST, Reason.CONTEXT_TOO_LONG)
"""How a model says that an answer may not get so long as it was asked for."""
TOOLS = "tools"
"""What a model needs that may call a tool: half a sentence is not the call that another might make."""
WORTH_IT = 1.25
"""An answer that gets no longer than this many times what it was would most likely be cut off again."""


def reason_of_its_own(made: Attempt | Tried, reason: str) -> str:
    """A model that refuses the greater bound has not refused the request: its answer is cut off, as it was before."""
    return Reason.CUT_OFF if made.most_output_tokens is not None and reason in NOT_SO_LONG else reason


def is_own_bound(request: Request, tried: Sequence[Tried]) -> bool:
    """Whether the client's own bound cut the answer off: it gets no longer anywhere."""
    own = request.profile.most_output_tokens
    return own is not None and cut_off_after(tried) >= own


def is_as_long_as_asked(failed_checks: Sequence[str], request: Request, tried: Sequence[Tried]) -> bool:
    """Whether the client's own bound is all that is wrong with the last answer: it may be what was asked for."""
    return tuple(failed_checks) == (CheckName.NOT_CUT_OFF,) and is_own_bound(request, tried[-1:])


def is_no_longer_elsewhere(at_hand: AtHand | None, last: Tried, request: Request) -> bool:
    """Whether the last answer is at hand for all its length: any other model would be cut off there, too.

    Where the client's bound has room for a usual answer, it may have caught a model that ran on; and where tools were
    offered, or hidden reasoning took most, another may well end within it.
    """
    if at_hand is None or (at_hand.number, at_hand.check.name) != (last.number, CheckName.NOT_CUT_OFF):
        return False
    own = request.profile.most_output_tokens
    is_meant = own is not None and own < USUAL_ANSWER_TOKENS and TOOLS not in request.profile.needs
    return is_meant and not _is_mostly_hidden(last.usage, at_hand.answer)


def _is_mostly_hidden(usage: Usage | None, answer: Body) -> bool:
    """Whether reasoning took most of an answer, by its usage or its own words; also where these cannot be read here."""
    if usage is None or usage.reasoning_tokens * 2 > usage.output_tokens or not answer.is_plain:
        return True
    message: Json = from_json(answer.text())["message"]
    shown, hidden = (message.get("content") or ""), (message.get("reasoning_content") or message.get("reasoning") or "")
    return len(hidden) > len(shown) or (shown.lstrip().startswith("<think>") and "</think>" not in shown)


def longer_bound(
    request: Request, tried: Sequence[Tried], portfolio: Portfolio, left: timedelta, took: timedelta | None
) -> int | None:
    """Tokens for the last model's next answer; ``None`` where it would get no longer, or was asked for that before.

    Within its context, the request's budget, and the time that it has (``left``), at the speed of the last one.
    """
    last, written = tried[-1], cut_off_after(tried[-1:])
    model = portfolio.models.get(last.model or "")
    if model is None or not written or request.profile.most_output_tokens is not None:
        return None
    if _was_asked_for_more(tried):
        return None
    endpoint = model.endpoint_at(last.provider)
    price = endpoint.price if endpoint else None
    most = min(TIMES_AS_LONG * written, room_in(model, prompt_tokens(request, tried)))
    most = min(most, _in_time(written, left, took, most), _paid_for(request, tried, price, most))
    return most if most >= WORTH_IT * written else None


def _was_asked_for_more(tried: Sequence[Tried]) -> bool:
    """Whether a longer answer was asked for before.

    An older release loses the bound when it says an attempt again; so a path that was cut off twice counts, too.
    """
    cut_off = [(t.model, t.provider) for t in tried if t.reason == Reason.CUT_OFF]
    last = (tried[-1].model, tried[-1].provider)
    return cut_off.count(last) > 1 or any(each.most_output_tokens is not None for each in tried)


def _in_time(written: int, left: timedelta, took: timedelta | None, most: int) -> int:
    return int(written * (left / took)) if took else most


def _paid_for(request: Request, tried: Sequence[Tried], price: Price | None, most: int) -> int:
    """So many of these tokens as the budget pays; none, where there is one and nobody told the price."""
    if (left := spare_micro_usd(request, tried)) is None:
        return most
    if price is None:
        return 0
    prompt = prompt_tokens(request, tried)
    read, whole = price.micro_usd(prompt, 0), price.micro_usd(prompt, most)
    if whole <= left:
        return most
    return 0 if read >= left else (left - read) * most // (whole - read)
