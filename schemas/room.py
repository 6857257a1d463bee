"""How long an answer a model has room for, where one was cut off: escalation and router agree on it."""

from collections.abc import Sequence

from schemas.attempt import Candidate, Tried
from schemas.models import Model
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import Reason


def prompt_tokens(request: Request, tried: Sequence[Tried]) -> int:
    """Tokens of the prompt: as the last model counted them, else by estimate."""
    usage = tried[-1].usage if tried else None
    counted = usage.input_tokens if usage and not usage.estimated else 0
    return counted or request.profile.features.estimated_tokens


def cut_off_after(tried: Sequence[Tried]) -> int:
    """Tokens of the longest answer that was cut off."""
    return max((t.usage.output_tokens for t in tried if t.usage and t.reason == Reason.CUT_OFF), default=0)


def room_in(model: Model, prompt: int) -> int:
    """Tokens that an answer may have there, after a prompt of so many; below 1, where the prompt fills the context."""
    left = model.context_tokens - prompt
    return left if model.most_output_tokens is None else min(left, model.most_output_tokens)


def has_more_room(path: Candidate, request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether a model has room for a longer answer than every one whose answer was cut off."""
    model, prompt = portfolio.models.get(path.model), prompt_tokens(request, tried)
    short = (portfolio.models.get(t.model or "") for t in tried if t.reason == Reason.CUT_OFF)
    return model is not None and room_in(model, prompt) > max(
        (room_in(each, prompt) for each in short if each), default=0
    )
