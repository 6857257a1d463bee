"""``submit``, ``ask`` and ``show``: requests sent, followed and looked up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from pydantic_core import from_json
from rich.console import Group

from schemas.content import Json
from services.console.adapters.event_log import EventLog
from services.console.adapters.ledger import Ledger
from services.console.adapters.terminal.ledgers import contents_view, story_view
from services.console.adapters.terminal.roads import closing_table, road_json, road_view
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.contents import pieces_of
from services.console.commands.files import STDIN, text_from
from services.console.commands.options import AsJson, KafkaAt, LedgerAt, console_app
from services.console.domain.contents import Piece
from services.console.domain.failures import CannotReach, Misused, Refused
from services.console.domain.news import news
from services.console.domain.portfolio_file import read
from services.console.domain.remedy import lines_named
from services.console.domain.road import Road, advance, without_answer
from services.console.domain.story import story_tree
from services.console.domain.submission import Submission, submission, submissions

FOLLOW_S = 180.0
LAST = "last"
ANSWER_MARKS = ("chatcmpl-", "resp_", "msg_")
"""What the ids of OpenAI's and Anthropic's answers begin with, before the request's."""
PORTFOLIO = Path("portfolio.yaml")
Tell = Callable[[Road, Road], None]
Sent = Callable[[], None]
TimeoutS = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long to follow them.")]


def submit(
    file: Annotated[
        str, typer.Argument(help="A JSON object, an array of them, or JSONL; - is standard input.")
    ] = STDIN,
    wait: Annotated[bool, typer.Option("--wait", help="Follow them to their ends.")] = False,
    timeout: TimeoutS = FOLLOW_S,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Publish requests to the intake topic.

    Prints their ids, or with --wait what happens to them.

    \b
    Examples:
      portfolio submit examples/requests.jsonl --wait
      echo '{"messages": [{"role": "user", "content": "Hello"}]}' | portfolio submit
    """
    screen = Screen(as_json=as_json)
    requests = submissions(text_from(file), "standard input" if file == STDIN else file, uuid4)
    for warning in (each for request in requests for each in request.warnings):
        screen.warn(warning)
    app = console_app(kafka=kafka)
    if not wait:
        asyncio.run(app.intake.submit([(each.request_id, each.value) for each in requests]))
        _tell_ids(screen, requests)
        return
    roads = asyncio.run(follow(app, requests, timeout, _liner(screen, requests)))
    screen.show(closing_table(roads), [road_json(road) for road in roads])
    if says := without_answer(roads):
        raise Refused(f"{says}: `portfolio show <request-id>` says why", told=True)


def ask(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    system: Annotated[str | None, typer.Option("--system", help="A system message before it.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="Its task, when you know it.")] = None,
    lane: Annotated[str | None, typer.Option("--lane", help="The lane to take, whatever its task.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="The one model to ask.")] = None,
    data_class: Annotated[str | None, typer.Option("--data-class", help="public, internal, ...")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", min=1, help="The longest answer.")] = None,
    timeout: TimeoutS = FOLLOW_S,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Ask, and follow the road to the answer.

    The question goes through the intake topic, as any client's does.

    \b
    Examples:
      portfolio ask "How many days has a leap year?"
      portfolio ask "Is 91 a prime number?" --lane critical --json
    """
    screen = Screen(as_json=as_json)
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    asked = {"task": task, "lane": lane, "model": model, "data_class": data_class}
    request = {"messages": messages, **{name: value for name, value in asked.items() if value is not None}}
    if max_tokens:
        request["params"] = {"max_tokens": max_tokens}
    mine = submission(request, "the request", uuid4)
    app, sent = console_app(kafka=kafka), partial(screen.say, f"request {mine.request_id}")
    [road] = asyncio.run(follow(app, [mine], timeout, _liner(screen, [mine]), sent))
    screen.show(road_view(road), road_json(road))
    _say_what_next(screen, road)
    if road.end and not road.end.succeeded:
        raise Refused(f"request {road.request_id} ended {road.end.status}: {road.end.reason}", told=True)


def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="The request's id, or `last`.")],
    content: Annotated[bool, typer.Option("--content", help="Print what was asked and answered, too.")] = False,
    as_json: AsJson = False,
    ledger: LedgerAt = None,
    kafka: KafkaAt = None,
) -> None:
    """Print the whole story of a request.

    From the ledger: its attempts, checks, escalations, costs and times. With --content also the prompt and the
    answers, from Kafka, as long as it keeps them.

    \b
    Examples:
      portfolio show last
      portfolio show last --content
      portfolio show 5f0c6c5e-6c1b-5d5e-9a53-0d2f3c7a8f11
    """
    told, pieces = asyncio.run(_story(console_app(kafka=kafka, ledger=ledger), name, content))
    view = story_view(story_tree(told))
    if content:
        told["content"] = [each.told() for each in pieces]
        view = Group(view, contents_view(pieces))
    Screen(as_json=as_json).show(view, told)


async def follow(
    app: ConsoleApp, requests: Sequence[Submission], timeout: float, tell: Tell, sent: Sent = lambda: None
) -> list[Road]:
    """Submit, and follow to the ends; ``sent`` is called once Kafka has them.

    Raises :class:`CannotReach` when they do not come in time.
    """
    roads = {str(each.request_id): _road_of(each) for each in requests}
    async with app.event_log() as log:
        await app.intake.submit([(each.request_id, each.value) for each in requests])
        sent()
        try:
            async with asyncio.timeout(timeout):
                await _read_to_ends(log, roads, tell)
        except TimeoutError:
            waiting = sum(road.end is None for road in roads.values())
            says = f"{waiting} of {len(roads)} requests have no end after {timeout:.0f} s: are all services up?"
            raise CannotReach(says) from None
    return [await _readable(app, road) for road in roads.values()]


async def _readable(app: ConsoleApp, road: Road) -> Road:
    """The road with its answer in the open; where that cannot be had, with why."""
    end = road.end
    if end is None or end.sealed is None:
        return road
    try:
        answer = from_json((await app.sealed.opened(end.sealed, UUID(road.request_id))).text())
    except (Refused, CannotReach) as error:
        return replace(road, end=replace(end, unread=f"the answer is sealed: {error}"))
    return replace(road, end=replace(end, answer=answer))


async def _read_to_ends(log: EventLog, roads: dict[str, Road], tell: Tell) -> None:
    async for heard in log.follow(roads):
        before = roads[heard.key]
        roads[heard.key] = after = advance(before, heard)
        tell(before, after)
        if all(road.end for road in roads.values()):
            return


def _road_of(request: Submission) -> Road:
    return Road(str(request.request_id), metadata={"name": request.name} if request.name else {})


def _liner(screen: Screen, requests: Sequence[Submission]) -> Tell:
    """Prints what is new on a road, with the request's name when there are several."""

    def tell(before: Road, after: Road) -> None:
        name = str(after.metadata.get("name") or after.request_id[:8])
        for line in news(before, after):
            screen.say(f"{name}: {line.text}" if len(requests) > 1 else line.text, line.mood)

    return tell


async def _story(app: ConsoleApp, name: str, content: bool) -> tuple[Json, list[Piece]]:
    request_id = await request_named(app.ledger, name)
    told = await app.ledger.story(request_id)
    if told is None:
        raise Refused(f"the ledger has not heard of request {request_id}: is the id right?")
    return told, await pieces_of(app, told) if content else []


async def request_named(ledger: Ledger, name: str) -> UUID:
    """The id that is meant: one in full, or the newest request's. Raises :class:`Misused` or :class:`Refused`."""
    if name == LAST:
        newest = await ledger.newest()
        if newest is None:
            raise Refused("the ledger has no requests yet")
        return newest
    for mark in ANSWER_MARKS:
        name = name.removeprefix(mark)
    try:
        return UUID(name)
    except ValueError:
        raise Misused(f'"{name}" is neither a request id nor a trace id (32 hexadecimal digits)') from None


def _say_what_next(screen: Screen, road: Road) -> None:
    if road.end and road.end.detail and PORTFOLIO.is_file():
        for line in lines_named(road.end.detail, str(PORTFOLIO), read(PORTFOLIO.read_text()), road.revision):
            screen.say(f"would help: {line}")
    screen.say(f"portfolio show {road.request_id}")
    if road.trace_id:
        screen.say(f"portfolio trace {road.trace_id}")


def _tell_ids(screen: Screen, requests: Sequence[Submission]) -> None:
    if screen.as_json:
        screen.tell([{"request_id": str(each.request_id), "name": each.name} for each in requests])
    for each in requests:
        screen.say(str(each.request_id))


COMMANDS = (ask, submit, show)
