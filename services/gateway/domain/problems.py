"""What a client is told instead of an answer: OpenAI's error shape, the right status, and the remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil
from types import MappingProxyType
from typing import Any

from pydantic_core import to_json

from schemas.outcome import RequestFailed
from schemas.vocabulary import Reason

INVALID = "invalid_request_error"
QUOTA = "insufficient_quota"
RATE = "rate_limit_error"
SERVER = "server_error"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in OpenAI's shape. ``retry``: the same request may be sent again, and nothing is paid twice.

    ``unread``: the body was not read to its end, so that the connection cannot be used again. ``portfolio``: what is
    told of a request beside the error, where a stream has no headers left to tell it in.
    """

    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    retry: bool = False
    retry_after_s: int | None = None
    unread: bool = False
    portfolio: dict[str, Any] | None = None

    def to_json(self) -> bytes:
        """``{"error": {"message", "type", "param", "code"}}``."""
        told = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return to_json({"error": told if self.portfolio is None else {**told, "portfolio": self.portfolio}})


class Refused(Exception):
    """A request that gets a problem instead of an answer. ``late``: how it ends a stream that has shown some of one."""

    def __init__(self, problem: Problem, late: bytes = b"") -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.late = late


@dataclass(frozen=True, slots=True)
class End:
    """How an honest end is told. ``what`` stands before the event's own detail, ``remedy`` after it."""

    status: int
    type: str
    what: str
    remedy: str
    code: str | None = None
    param: str | None = None
    retry_after_s: int | None = None


MODEL_LIST = "GET /v1/models lists what can be asked."
LOOK = "`portfolio show <request id>` tells what was tried; x-portfolio-request-id holds the id."
LATER = "Send it again later."
SIMPLER = "Ask for less, or name a lane with stronger models."
PROVIDER = "Send it again later, or add another provider to the lane's tiers."
DOUBTED = "The answer stayed in doubt"
UNCHECKED = "No answer passed the checks"

ENDS: Mapping[str, End] = MappingProxyType(
    {
        Reason.INVALID_REQUEST: End(400, INVALID, "The request is not valid", "Correct it and send it again."),
        Reason.UNSUPPORTED_PARAMETER: End(400, INVALID, "A parameter is not supported", "Leave it out."),
        Reason.TOO_LARGE: End(413, INVALID, "The request is too large", "Send less text."),
        Reason.CONTEXT_TOO_LONG: End(
            400,
            INVALID,
            "The request and the answer that it asks for are longer than any of its models can take",
            "Send less text, set a smaller max_tokens, or name a lane with a longer context.",
            code="context_length_exceeded",
            param="messages",
        ),
        Reason.CONTENT_FILTERED: End(
            400, INVALID, "The provider's content filter stopped it", "Rephrase the request.", code="content_filter"
        ),
        Reason.UNKNOWN_LANE: End(400, INVALID, "The portfolio has no such lane", MODEL_LIST, param="portfolio.lane"),
        Reason.QUOTA_SPENT: End(
            429, QUOTA, "You exceeded your current quota", "Wait, or raise it in the portfolio's tenants.", code=QUOTA
        ),
        Reason.NOT_ALLOWED: End(
            403, INVALID, "The API key does not allow it", "Ask the keys' administrator for one that does."
        ),
        Reason.UNKNOWN_TASK: End(
            400, INVALID, "The portfolio has no such task", "Leave it out to have it found.", param="portfolio.task"
        ),
        Reason.UNKNOWN_MODEL: End(
            404, INVALID, "The portfolio has no such model", MODEL_LIST, code="model_not_found", param="model"
        ),
        Reason.LACKS_ABILITY: End(
            400, INVALID, "What was asked for cannot do this", MODEL_LIST, code="model_not_able", param="model"
        ),
        Reason.BUDGET_SPENT: End(
            402, QUOTA, "The request's budget is spent", "Raise portfolio.budget_usd or the lane's budget."
        ),
        Reason.RATE_LIMITED: End(
            429, RATE, "Every provider of it is at its limit", PROVIDER, code="rate_limit_exceeded", retry_after_s=5
        ),
        Reason.CANCELLED: End(409, INVALID, "The request was cancelled", "Send it again if it is still wanted."),
        Reason.DEADLINE: End(
            504, SERVER, "No good answer came before the deadline", "Raise portfolio.deadline_s or the lane's deadline."
        ),
        Reason.STARVED: End(
            503, SERVER, "Too much is under way, and waiting left no time to answer it", LATER, retry_after_s=5
        ),
        Reason.UNCALLED: End(503, SERVER, "Too much is under way, and no model was called", LATER, retry_after_s=5),
        Reason.TIMEOUT: End(504, SERVER, "No model answered in time", PROVIDER),
        Reason.NO_ELIGIBLE_MODEL: End(
            503,
            SERVER,
            "No model of the lane can take it now",
            "Check that a worker of one of its providers runs and that a model has the abilities asked for.",
            retry_after_s=5,
        ),
        Reason.NO_RECORDED_ANSWER: End(
            502, SERVER, "No recorded answer is held for it", "Record one, or add a model that is called live."
        ),
        Reason.TIERS_SPENT: End(502, SERVER, "Every tier of the lane was tried, and none gave a good answer", LOOK),
        Reason.ESCALATION_CAPPED: End(
            503, SERVER, "Too many requests need a stronger model just now", LATER, retry_after_s=5
        ),
        Reason.REVIEW_REJECTED: End(502, SERVER, "A person turned it down", LOOK),
        Reason.REVIEW_UNANSWERED: End(
            504,
            SERVER,
            "A person was asked, and nobody answered in time",
            "Send it again, or raise the lane's deadline.",
        ),
        Reason.ATTEMPTS_SPENT: End(
            502, SERVER, "All its attempts are made, and none gave a good answer", "Raise the lane's max_attempts."
        ),
        Reason.CHECK_FAILED: End(502, SERVER, UNCHECKED, LOOK),
        Reason.DISAGREED: End(502, SERVER, "Models did not agree on an answer", LOOK),
        Reason.DOUBTED: End(502, SERVER, DOUBTED, LOOK),
        Reason.UNJUDGED: End(502, SERVER, DOUBTED, LOOK),
        Reason.JUDGED_GOOD: End(502, SERVER, DOUBTED, LOOK),
        Reason.JUDGED_BAD: End(502, SERVER, DOUBTED, LOOK),
        Reason.UNDECIDED: End(502, SERVER, DOUBTED, LOOK),
        Reason.UNSURE: End(502, SERVER, DOUBTED, LOOK),
        Reason.EMPTY: End(502, SERVER, "The models gave empty answers", SIMPLER),
        Reason.CUT_OFF: End(
            502, SERVER, "The answers were cut off", "Raise max_tokens, max_completion_tokens or max_output_tokens."
        ),
        Reason.REFUSED: End(502, SERVER, "The models declined to answer", "Rephrase the request."),
        Reason.BAD_ANSWER: End(502, SERVER, "A provider's answer could not be read", PROVIDER),
        Reason.PROVIDER_ERROR: End(502, SERVER, "The providers failed", PROVIDER),
        Reason.UNREACHABLE: End(502, SERVER, "The providers cannot be reached", PROVIDER),
        Reason.BREAKER_OPEN: End(
            503, SERVER, "The providers were failing, and are left alone for a while", PROVIDER, retry_after_s=5
        ),
        Reason.SPEND_CAPPED: End(
            503, SERVER, "A provider's spending is capped, and the cap is reached", "Raise its spend_cap_usd."
        ),
        Reason.UNAUTHORIZED: End(
            502,
            SERVER,
            "A provider refused the portfolio's key or account",
            "Set the key that its api_key_env names, or pay its account; then `portfolio breakers reset`.",
        ),
        Reason.OUTCOME_UNKNOWN: End(502, SERVER, "A call was begun, and its outcome is not known", LOOK),
    }
)
UNKNOWN_END = End(502, SERVER, "It ended without an answer", LOOK)


def problem_of(failed: RequestFailed) -> Problem:
    """What to tell of a failed request. Where money may have been spent, the client is told not to send it again."""
    end = ENDS.get(failed.reason, UNKNOWN_END)
    detail = f" ({failed.detail.rstrip('.')})" if failed.detail else ""
    return Problem(
        status=end.status,
        type=end.type,
        code=end.code or str(failed.reason),
        message=f"{end.what}{detail}. {end.remedy}",
        param=end.param,
        retry=end.retry_after_s is not None and not Decimal(failed.cost_usd),
        retry_after_s=end.retry_after_s if failed.retry_at is None else _seconds(failed.failed_at, failed.retry_at),
    )


def _seconds(since: datetime, until: datetime) -> int:
    return max(1, ceil((until - since).total_seconds()))


def wrong(param: str | None, message: str, code: str = "invalid_value") -> Refused:
    """A request whose body is at fault: 400."""
    return Refused(Problem(400, INVALID, code, message, param))


def no_such_model(name: str, near: Sequence[str]) -> Refused:
    """Nothing of that name can be asked: 404, with the nearest right names."""
    message = f"The portfolio has no model {name!r}. Ask for one of: {', '.join(near)}."
    return Refused(Problem(404, INVALID, "model_not_found", message, "model"))


def too_large(limit_bytes: int) -> Refused:
    """A body over the limit, as it comes or as it would travel: 413."""
    message = f"The request is over {limit_bytes} bytes: shorten the messages, or refer to large content by URL."
    return Refused(Problem(413, INVALID, "request_too_large", message, unread=True))


def not_json_content() -> Refused:
    """A body that does not call itself JSON: 415, so that no page in a browser can post here unasked."""
    message = "The body must be JSON: send the header content-type: application/json."
    return Refused(Problem(415, INVALID, "unsupported_media_type", message, unread=True))


def packed(coding: str) -> Refused:
    """A body in a content coding, such as gzip: 415. Unpacked, a small one may be of any size."""
    message = f"A body in content-encoding {coding} is not read here: send it as it is, without that header."
    return Refused(Problem(415, INVALID, "unsupported_media_type", message, "content-encoding", unread=True))


def too_slow(limit_s: float) -> Refused:
    """A body that did not come whole in time: 408."""
    message = f"The body did not come whole within {limit_s:g} s."
    return Refused(Problem(408, INVALID, "request_timeout", message, retry=True, unread=True))


def too_many(limit: int) -> Refused:
    """As many requests as may wait are waiting: 503."""
    message = f"{limit} requests are waiting here, which is the limit: send it again in a second."
    return Refused(Problem(503, SERVER, "overloaded", message, retry=True, retry_after_s=1, unread=True))


def over_load(kind: str) -> Refused:
    """More requests of this kind than the pipeline finishes in time: 503, before anything is done for it."""
    message = f"More requests ({kind}) are under way than end before their deadlines: send it again in a few seconds."
    return Refused(Problem(503, SERVER, "overloaded", message, retry=True, retry_after_s=5))


def too_many_large(limit: int) -> Refused:
    """As many large requests as may be in memory are being taken: 503."""
    message = f"{limit} large requests are being taken, which is the limit: send it again in a second."
    return Refused(Problem(503, SERVER, "overloaded", message, retry=True, retry_after_s=1, unread=True))


def not_kept() -> Refused:
    """A large content, or the key of a sealed one, cannot be kept now: 503."""
    message = "The object store, which keeps large content and keys, takes nothing now: send it again."
    return Refused(Problem(503, SERVER, "not_kept", message, retry=True, retry_after_s=5))


def answer_away() -> Refused:
    """A large answer is there, and the store that keeps it does not answer, or is another than this: 503."""
    message = "The answer is kept in an object store that cannot be read now: see OBJECTS_URL, then send it again."
    return Refused(Problem(503, SERVER, "answer_away", message, retry_after_s=5))


def answer_lost() -> Refused:
    """A large answer is not there any more: 502."""
    message = "The answer is gone from the object store, which keeps content for OBJECTS_KEEP_DAYS: send it anew."
    return Refused(Problem(502, SERVER, "answer_lost", message))


def answer_erased() -> Refused:
    """The key of a sealed answer was deleted: 410."""
    message = "The content of this request was erased, or is older than OBJECTS_KEEP_DAYS: nobody can read it any more."
    return Refused(Problem(410, INVALID, "content_erased", message))


def no_key(why: str) -> Refused:
    """Content of this class is sealed, and the gateway lacks the key: 503. ``why`` names the variable."""
    return Refused(Problem(503, SERVER, "sealing_key_missing", f"{why}.", retry=True, retry_after_s=30))


def keys_away() -> Refused:
    """Keys and their limits cannot be looked up now: 503, rather than let anyone in."""
    message = "API keys cannot be checked: the gateway's database does not answer. Send it again in a few seconds."
    return Refused(Problem(503, SERVER, "keys_away", message, retry=True, retry_after_s=2, unread=True))


def over_pace(key: str, wait_s: int) -> Refused:
    """A key goes faster than it may: 429, and when it may go on."""
    message = f"The API key {key} has reached its limit of requests or tokens a minute: send it again in {wait_s} s."
    return Refused(Problem(429, RATE, "rate_limit_exceeded", message, retry=True, retry_after_s=wait_s))


def no_such_key() -> Refused:
    """No key of this id, or none that is good any more: 404."""
    message = "There is no such key, or it is good no more: `portfolio keys list` shows the ids."
    return Refused(Problem(404, INVALID, "key_not_found", message, "key_id"))


def no_portfolio() -> Refused:
    """Nothing can be served before a portfolio is applied: 503."""
    message = "No portfolio has been applied yet: run `portfolio apply portfolio.yaml`."
    return Refused(Problem(503, SERVER, "no_portfolio", message, unread=True))


def never_taken(why: str) -> Refused:
    """Kafka will never take the request; ``why`` is its client's name for the reason."""
    if why == "MessageSizeTooLargeError":
        message = "The request is larger than Kafka takes: shorten the messages, or refer to large content by URL."
        return Refused(Problem(413, INVALID, "request_too_large", message))
    message = f"Kafka does not take requests ({why}): check its topics and rights with `portfolio topics plan`."
    return Refused(Problem(503, SERVER, "not_taken", message))


def not_taken(handed_over: bool) -> Refused:
    """Kafka did not acknowledge the request in time: 503. Once handed over, it may still be carried out."""
    if handed_over:
        message = f"Kafka did not acknowledge the request in time; it may still be carried out. {LOOK}"
        return Refused(Problem(503, SERVER, "not_acknowledged", message))
    message = "Kafka cannot be reached, and the request was not taken: send it again."
    return Refused(Problem(503, SERVER, "not_taken", message, retry=True, retry_after_s=1))


def not_heard(waited_s: float) -> Refused:
    """The end of the request was not heard of: 504."""
    message = f"No end of the request was heard of within {waited_s:g} s; it may still go on. {LOOK}"
    return Refused(Problem(504, SERVER, "no_answer", message))


def stopping() -> Refused:
    """The gateway stops before the answer came: 503. The request goes on."""
    message = f"The gateway is stopping, and the request goes on without it. {LOOK}"
    return Refused(Problem(503, SERVER, "stopping", message))


def no_such_route(status: int, method: str, path: str) -> Problem:
    """Nothing is served at this address, or not by this method."""
    chats = "POST /v1/chat/completions, /v1/responses[/input_tokens], /v1/messages[/count_tokens]"
    posts = f"{chats}, /v1/embeddings, /v1/files, /v1/batches, /v1/requests and /v1/feedback"
    offered = f"{posts}, GET /v1/models, /v1/models/<name>, /v1/requests/<id> and /v1/responses/<id>, /live and /ready"
    return Problem(status, INVALID, "unknown_url", f"{method} {path} is not served here; there are {offered}.")


def broken() -> Problem:
    """A fault of the gateway's own: 500. What happened stands in its log."""
    return Problem(500, SERVER, "internal_error", "The gateway failed; its log says why.")
