"""A client that hangs up before its answer: its request ends with it, where its lane wishes that."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from http_waits import until

from schemas.portfolio import OnHangUp, Portfolio
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.domain.hang_up import is_cancelled

ASK: Any = {"messages": [{"role": "user", "content": "Where is the Louvre?"}]}
HEAD = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"

Gateway = Callable[..., Any]


def wishing(revised: PortfolioRevised, *lanes: str) -> PortfolioRevised:
    """The portfolio, with these lanes ending requests of clients that hang up."""
    document = revised.portfolio.model_dump(mode="json", exclude_none=True)
    for lane in lanes:
        document["lanes"][lane]["on_hang_up"] = "cancel"
    return revised.model_copy(update={"portfolio": Portfolio.of(document)})


@pytest.mark.parametrize(
    ("lanes", "model", "key", "cancelled"),
    [
        (["simple"], "portfolio/simple", "", True),
        ([], "portfolio/simple", "", False),
        (["simple"], "auto", "", False),
        (["simple"], "portfolio/simple", "Idempotency-Key: once\r\n", False),
    ],
    ids=["its lane wishes it", "its lane does not", "which lane is not known", "its answer can be asked for again"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_is_cancelled_where_its_lane_wishes_it(
    gateway: Gateway,
    revised: PortfolioRevised,
    lanes: list[str],
    model: str,
    key: str,
    cancelled: bool,
    stream: bool,
):
    applied = wishing(revised, *lanes)
    async with gateway(lambda asked: None, applied=applied, remembering=True, progress_s=0.01) as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        body = json.dumps({**ASK, "model": model, "stream": stream}).encode()
        writer.write(HEAD.format(len(body), key).encode() + body)
        await until(lambda: len(running.kafka.published) == 1)
        writer.close()
        await until(lambda: len(running.waiting) == 0)
        await until(lambda: len(running.spans.get_finished_spans()) == 1)
        told = [(each.request_id, each.by) for each in running.kafka.cancelled]
        assert told == ([(running.asked.request_id, "hang-up")] if cancelled else [])


async def test_a_request_that_was_never_said_is_not_cancelled(gateway: Gateway, revised: PortfolioRevised):
    async with gateway(lambda asked: None, applied=wishing(revised, "simple")) as running:
        running.kafka.away = True
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        body = json.dumps({**ASK, "model": "portfolio/simple"}).encode()
        writer.write(HEAD.format(len(body), "").encode() + body)
        await until(lambda: len(running.waiting) == 1)
        writer.close()
        await until(lambda: len(running.spans.get_finished_spans()) == 1)
        assert (running.kafka.cancelled, len(running.submissions)) == ([], 0)


def test_where_no_lane_is_named_all_must_wish_it(revised: PortfolioRevised):
    every = wishing(revised, *revised.portfolio.lanes).portfolio
    assert {lane.on_hang_up for lane in every.lanes.values()} == {OnHangUp.CANCEL}
    assert is_cancelled(RequestSubmitted(messages=tuple(ASK["messages"]), model="auto"), every)
