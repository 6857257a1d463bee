"""A request that no model of its lane takes: whether the answer that it asks for is too long, or its prompt alone."""

from collections.abc import Iterable

from schemas.request import Request
from services.router.domain.ways import Way


def why_answer_too_long(request: Request, ways: Iterable[Iterable[Way]]) -> str | None:
    """What the client's bound may be at most beside its prompt; ``None`` where it set none, or none is left for it."""
    bound = request.profile.most_output_tokens
    if bound is None:
        return None
    prompt_tokens = request.profile.context_tokens - bound
    able = (way.context_tokens for tier in ways for way in tier if not (way.unable or way.barred))
    most = max(able, default=0) - prompt_tokens
    if not 0 < most < bound:
        return None
    possible = f"beside a prompt of about {prompt_tokens} tokens at most {most} are possible"
    return f"max_tokens (max_completion_tokens, max_output_tokens) of {bound} is too large: {possible}"
