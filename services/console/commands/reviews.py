"""``reviews``: what people are asked, and their answers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.content import Body
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.review import ReviewAnswered
from services.console.adapters.event_log import EventLog
from services.console.adapters.terminal.reviews import review_view, reviews_table
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.files import text_of
from services.console.commands.options import AsJson, KafkaAt, console_app, user_name
from services.console.domain.failures import CannotReach, Misused, Refused
from services.console.domain.reviews import (
    Review,
    ReviewState,
    claimed_by,
    given_back,
    is_of,
    last_answer,
    review_of,
    spoken_by,
    told,
    written,
)
from services.console.domain.since import lasting

USUAL_CLAIM_S = 900.0
END_S = 15.0
"""How long an answer waits for the end that it asks for."""
Name = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id.")]
Note = Annotated[str | None, typer.Option("--note", help="A word on it, for the record.")]
Reviewer = Annotated[str | None, typer.Option("--reviewer", help="Who; your user name unless told.")]
End = RequestCompleted | RequestFailed


def listing(
    asked: Annotated[str | None, typer.Option("--asked", help="Only what these people are asked.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """List what people are asked, the most urgent first.

    Never prints content.

    \b
    Examples:
      portfolio reviews list
      portfolio reviews list --asked underwriters --json
    """
    now = datetime.now(UTC)
    found = asyncio.run(console_app(kafka=kafka).reviews()).values()
    meant = [each for each in found if everything or each.state(now) is ReviewState.OPEN]
    lines = [told(each, now) for each in meant if asked in (None, each.asked.asked)]
    Screen(as_json=as_json).show(reviews_table(lines) if lines else "Nobody is asked anything.", lines)


def show(name: Name, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Show one review: the question, the last answer with its checks, and what was tried.

    Prints content: a person cannot answer without it.

    \b
    Example:
      portfolio reviews show 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11
    """
    review = asyncio.run(_readable(console_app(kafka=kafka), name))
    line = told(review, datetime.now(UTC), whole=True)
    Screen(as_json=as_json).show(review_view(line), line)


async def _readable(app: ConsoleApp, name: str) -> Review:
    return await app.readable(review_of(await app.reviews(), name))


def claim(
    name: Name,
    while_s: Annotated[str, typer.Option("--for", help="How long: 30s, 15m, 2h.")] = "15m",
    reviewer: Reviewer = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Take a review upon you, so that nobody else answers it meanwhile.

    It ends by itself, when the review is due at the latest. Claim it again to keep it longer.

    \b
    Examples:
      portfolio reviews claim 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11
      portfolio reviews claim 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11 --for 1h --reviewer mary
    """
    found = asyncio.run(take(console_app(kafka=kafka), name, user_name(reviewer), lasting(while_s)))
    says = f"{name} is claimed by {found['claimed_by']} until {found['claimed_until'][:19]}Z"
    Screen(as_json=as_json).show(says, found)


def release(name: Name, reviewer: Reviewer = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Give a review back that you claimed.

    \b
    Example:
      portfolio reviews release 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11
    """
    found = asyncio.run(give_back(console_app(kafka=kafka), name, user_name(reviewer)))
    Screen(as_json=as_json).show(f"{name} is nobody's again", found)


def answer(
    name: Name,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The answer.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file that holds the answer.")] = None,
    last: Annotated[bool, typer.Option("--last", help="The model's last answer is right as it is.")] = False,
    note: Note = None,
    reviewer: Reviewer = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Answer a request as a person: it ends with the status human.

    \b
    Examples:
      portfolio reviews answer 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11 "Yes, until the end of May."
      portfolio reviews answer 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11 --last --note "checked by hand"
    """
    if sum((text is not None, file is not None, last)) != 1:
        raise Misused("give one of TEXT, --file and --last")
    own = None if last else written(text_of(file) if file is not None else text or "")

    def answer_to(review: Review) -> Body:
        return last_answer(review) if own is None else own

    _speak(name, answer_to, note, reviewer, as_json, kafka)


def reject(
    name: Name,
    note: Annotated[str, typer.Option("--note", help="Why; the client is told.")],
    reviewer: Reviewer = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Turn a request down as a person: it fails, and its client is told why.

    \b
    Example:
      portfolio reviews reject 7f1c9a52-3f0e-4a53-9a52-0d6c2f3b8e11 --note "not ours to decide"
    """
    if not note.strip():
        raise Misused("--note is empty: the client is told why")
    _speak(name, lambda _: None, note, reviewer, as_json, kafka)


def _speak(
    name: str,
    answer_to: Callable[[Review], Body | None],
    note: str | None,
    reviewer: str | None,
    as_json: bool,
    kafka: str | None,
) -> None:
    end = asyncio.run(speak(console_app(kafka=kafka), name, answer_to, note, user_name(reviewer)))
    line: dict[str, Any] = {"request_id": str(end.request_id), "status": _status(end)}
    Screen(as_json=as_json).show(f"{end.request_id} has ended: {_status(end)}", line)


async def speak(
    app: ConsoleApp, name: str, answer_to: Callable[[Review], Body | None], note: str | None, reviewer: str
) -> End:
    """Say a person's word, and wait for the end. Raises :class:`Refused` when another end came first."""
    review = review_of(await app.reviews(), name)
    answer = answer_to(review)
    if answer is not None:
        answer = await app.sealed.sealed_like(review.asked.body, answer, review.asked.subject)
    word = spoken_by(review, reviewer, answer, note, datetime.now(UTC))
    async with app.event_log() as log:
        await app.say([word], review.traceparent)
        try:
            async with asyncio.timeout(END_S):
                end = await _end(log, word)
        except TimeoutError:
            says = "the word is said, and no end came of it: the request had ended before, or escalation is away"
            raise CannotReach(f"{says}; `portfolio show {word.request_id}` tells") from None
    if not is_of(end, word):
        raise Refused(f"another end came first ({_status(end)}): this word changes nothing")
    return end


async def take(app: ConsoleApp, name: str, reviewer: str, for_s: float = USUAL_CLAIM_S) -> dict[str, Any]:
    """Claim a review. Raises :class:`Refused` where another was quicker."""
    review = review_of(await app.reviews(), name)
    await app.say([claimed_by(review, reviewer, for_s, datetime.now(UTC))], review.traceparent)
    review = review_of(await app.reviews(), name)
    now = datetime.now(UTC)
    holder = review.holder(now)
    if holder is None or holder.reviewer != reviewer:
        raise Refused(f"{holder.reviewer} was quicker" if holder else "the review is due: nobody can claim it")
    return told(review, now)


async def give_back(app: ConsoleApp, name: str, reviewer: str) -> dict[str, Any]:
    """Give a review back. Raises :class:`Refused` where it is not his."""
    review = review_of(await app.reviews(), name)
    await app.say([given_back(review, reviewer, datetime.now(UTC))], review.traceparent)
    return told(review_of(await app.reviews(), name), datetime.now(UTC))


async def _end(log: EventLog, word: ReviewAnswered) -> End:
    async for heard in log.follow():
        if isinstance(heard.event, RequestCompleted | RequestFailed) and heard.event.request_id == word.request_id:
            return heard.event
    raise AssertionError("the log is followed without an end")


def _status(end: End) -> str:
    return str(end.status) if isinstance(end, RequestCompleted) else str(end.reason)


COMMANDS = {"list": listing, "show": show, "claim": claim, "release": release, "answer": answer, "reject": reject}
