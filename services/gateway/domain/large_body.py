"""A large body, understood where nobody else is held up by it, and handed back in few large pieces."""

from uuid import UUID

from services.gateway.domain.chat_request import Asked, Content, content_of, without_content
from services.gateway.domain.dialect import BY_PATH
from services.gateway.domain.keys import tokens_of, unbounded_tokens
from services.gateway.domain.problems import SERVER, Problem, Refused
from services.gateway.domain.repeats import hash_of_body


def understood(path: str, body: bytes, request_id: UUID) -> Asked | Problem:
    """What a body asks for at this API, with its content apart; or what is wrong with it."""
    try:
        asked = BY_PATH[path].asked_of(body, request_id)
    except Refused as refused:
        return refused.problem
    whole = asked.submitted
    content = Content(content_of(whole), hash_of_body(whole), tokens_of(whole), unbounded_tokens(whole))
    return Asked(without_content(whole), asked.form, content)


def not_understood_now() -> Refused:
    """The process that takes large bodies apart ended meanwhile, for want of memory perhaps: 503."""
    message = "This large request could not be taken apart just now: send it again, or less in one request."
    return Refused(Problem(503, SERVER, "overloaded", message, retry=True, retry_after_s=1))
