"""One line of a batch: what it asks for, what is wrong with it, and the line that tells what became of it.

Source: OpenAI's API reference, "The request input object" and "The request output object".
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from pydantic import Field
from pydantic_core import from_json, to_json

from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.batch import LineError, Tally
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.dialect import Dialect
from services.gateway.domain.json_body import Closed, read_as
from services.gateway.domain.line_problems import line_error
from services.gateway.domain.problems import SERVER, Problem, Refused, problem_of

POST = "POST"
EXPIRED, CANCELLED = "batch_expired", "batch_cancelled"
WHY = {
    EXPIRED: "This request could not be executed before the completion window expired.",
    CANCELLED: "The batch was cancelled before this request was executed.",
}
WHY_ASKED = {
    EXPIRED: "This request was asked, and no answer came before the completion window expired.",
    CANCELLED: "This request was asked, and no answer came before the batch was cancelled.",
}
FOR_THE_MOMENT = 503
TOO_FAST = 429
OK = 200
LONGEST_PAUSE_S = 300
LINE_BEGINS = b'{"id":"batch_req_%s"'
"""How a line of an output or an error file begins, with its request's id in hex."""
NO_REQUEST = UUID(int=0)
"""In the place of an id while a line is only checked."""


class Line(NamedTuple):
    """One line, ``number`` counted from 1 as an editor does; ``body`` is JSON as the route itself takes it."""

    number: int
    custom_id: str
    body: bytes


class Outcome(NamedTuple):
    """What became of a line: one line of the output file, or of the error file.

    ``is_left``: the end of its batch left it without an answer.
    """

    number: int
    text: bytes
    tally: Tally
    is_left: bool = False

    @property
    def is_error(self) -> bool:
        """Whether it belongs into the error file."""
        return bool(self.tally.failed)


class LineWrong(Exception):
    """A line that a batch is not taken with."""

    def __init__(self, error: LineError) -> None:
        super().__init__(error.message)
        self.error = error


class _Told(Closed):
    custom_id: str = Field(min_length=1, max_length=512)
    method: str
    url: str
    body: dict[str, Any]


def line_of(raw: bytes, number: int, dialect: Dialect) -> Line:
    """A line, checked as its route checks it. Raises :class:`LineWrong` with the first thing that is wrong."""
    line = read_line(raw, number, dialect)
    try:
        asked = dialect.asked_of(line.body, NO_REQUEST)
    except Refused as refused:
        raise LineWrong(line_error(refused.problem, number, dialect.path, "body")) from None
    if asked.form.stream:
        message = "stream: a batch streams nothing: leave it out"
        raise LineWrong(LineError("invalid_value", message, number, "body.stream"))
    return line


def read_line(raw: bytes, number: int, dialect: Dialect) -> Line:
    """A line whose body was checked before. Raises :class:`LineWrong`."""
    try:
        told = read_as(_Told, raw)
    except Refused as refused:
        raise LineWrong(line_error(refused.problem, number, dialect.path)) from None
    if told.method != POST:
        raise LineWrong(LineError("invalid_method", "method: POST is the only one", number, "method"))
    if told.url != dialect.path:
        message = f"url: the batch is one of {dialect.path}, and so is each of its lines"
        raise LineWrong(LineError("url_mismatch", message, number, "url"))
    return Line(number, told.custom_id, to_json(told.body))


def never_driven() -> LineError:
    """The gateway failed with the batch again and again."""
    message = "The gateway failed with this batch, again and again: its log tells why. Begin it anew."
    return LineError("internal_error", message)


def used_twice(number: int) -> LineError:
    """Two lines of one custom_id could not be told apart."""
    return LineError("duplicate_custom_id", "custom_id: another line has it: give each its own", number, "custom_id")


def no_lines() -> LineError:
    """There is nothing to do."""
    return LineError("empty_file", "The input file holds no lines: send one JSON object a line")


def too_many_lines(most: int) -> LineError:
    """More lines than a batch may have."""
    return LineError("too_many_tasks", f"The input file has over {most} lines: send it in several batches", most + 1)


def too_long(number: int, most_bytes: int) -> LineError:
    """A line that no route would take."""
    return LineError("request_too_large", f"The line is over {most_bytes} bytes: shorten its messages", number)


def ids_of(batch_id: UUID, number: int, tries: int) -> Iterator[UUID]:
    """The ids that a line's request may have, in order: the same ones whoever asks."""
    turn = 0
    while True:
        yield uuid5(batch_id, f"{number}.{tries}.{turn}")
        turn += 1


def comes_again(problem: Problem) -> bool:
    """Whether a line that was refused before it was taken is tried again: what refuses it passes by itself."""
    return problem.status == FOR_THE_MOMENT or (problem.status == TOO_FAST and problem.retry)


def is_turned_away(end: RequestCompleted | RequestFailed) -> bool:
    """Whether it ended for want of room alone, and nothing was spent: it is asked anew, as another request."""
    return isinstance(end, RequestFailed) and problem_of(end).retry


def pause_s(problem: Problem, tries: int) -> float:
    """Seconds until a line is tried again, for the first time or a later one: longer each time."""
    return min(max(problem.retry_after_s or 1, 2 ** min(tries - 1, 10)), LONGEST_PAUSE_S)


def replied(line: Line, request_id: UUID, reply: Reply, tally: Tally) -> Outcome:
    """A line that has an HTTP answer: good or not."""
    response = {"status_code": reply.status, "request_id": str(request_id), "body": from_json(reply.body)}
    return Outcome(line.number, _told(request_id, line.custom_id, response, None), tally)


def refused(line: Line, request_id: UUID, reply: Reply) -> Outcome:
    """A line that was not taken, or whose request gave no answer."""
    return replied(line, request_id, reply, Tally(failed=1))


def unanswered(line: Line, request_id: UUID, code: str, *, was_asked: bool = False) -> Outcome:
    """A line that the batch's end left without an answer."""
    message = (WHY_ASKED if was_asked else WHY)[code]
    told = _told(request_id, line.custom_id, None, {"code": code, "message": message})
    return Outcome(line.number, told, Tally(failed=1), is_left=True)


def erased(number: int) -> Outcome:
    """A line that was erased before its batch came to it: it counts as failed, and no file tells of it."""
    return Outcome(number, b"", Tally(failed=1))


def failed_here() -> Problem:
    """An error of the gateway's own with one line: 500."""
    message = "The gateway failed with this line: its log tells why. Send the line again in another batch."
    return Problem(500, SERVER, "internal_error", message)


def tally_of(end: RequestCompleted | RequestFailed, reply: Reply) -> Tally:
    """What a request's end adds to its batch."""
    if isinstance(end, RequestFailed) or reply.status != OK:
        return Tally(failed=1)
    used = end.usage
    return Tally(1, 0, used.input_tokens, used.cached_input_tokens, used.output_tokens, used.reasoning_tokens)


def _told(request_id: UUID, custom_id: str, response: Any, error: Any) -> bytes:
    told = {"id": f"batch_req_{request_id.hex}", "custom_id": custom_id, "response": response, "error": error}
    return to_json(told) + b"\n"
