"""What the pipeline cannot finish in time is refused at the door, and let in again when it can."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.load import Load
from services.gateway.domain.load import LEAST_IN_FLIGHT, WINDOW_S, Ended, kind_of, most_in_flight, noted
from services.gateway.domain.problems import Refused

MakeFailed = Callable[..., RequestFailed]


def after(ends: list[tuple[float, bool]]) -> Ended:
    ended: Ended = ()
    for at, overdue in ends:
        ended = noted(ended, at, is_overdue=overdue)
    return ended


times = st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=200).map(lambda ends: sorted(ends))


@given(times)
def test_what_is_counted_is_what_ended_in_the_window(ends: list[tuple[float, bool]]) -> None:
    now = ends[-1][0] if ends else 0.0
    recent = [overdue for at, overdue in ends if int(at) > int(now) - WINDOW_S]
    in_time = recent.count(False)
    expected = None if recent.count(True) <= in_time else max(LEAST_IN_FLIGHT, in_time)
    assert most_in_flight(after(ends), now) == expected


@given(times)
def test_when_nothing_ends_any_more_all_are_let_in_again(ends: list[tuple[float, bool]]) -> None:
    assert most_in_flight(after(ends), 60 + WINDOW_S) is None


def test_as_many_are_let_in_as_were_answered_lately() -> None:
    ended = after([(1.0, False)] * 30 + [(2.0, True)] * 31)
    assert most_in_flight(ended, 2.0) == 30


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, "auto"),
        ({"model": "auto"}, "auto"),
        ({"model": "portfolio/critical"}, "lane critical"),
        ({"lane": "critical", "model": "small"}, "lane critical"),
        ({"model": "small"}, "model small"),
        ({"model": "made-up"}, "auto"),
        ({"lane": "made-up"}, "auto"),
    ],
)
def test_requests_are_counted_by_what_they_name(revised: PortfolioRevised, told: dict[str, Any], kind: str) -> None:
    asked = RequestSubmitted(request_id=uuid4(), messages=({"role": "user", "content": "x"},), **told)
    assert kind_of(asked, revised.portfolio) == kind


def test_one_kind_over_its_load_leaves_the_others_alone(make_failed: MakeFailed) -> None:
    now = 100.0
    load = Load(lambda: now)
    for _ in range(20):
        with load.place("auto") as note:
            note(make_failed(uuid4(), reason="deadline"))
    places = [load.place("auto") for _ in range(LEAST_IN_FLIGHT)]
    for place in places:
        place.__enter__()
    with pytest.raises(Refused) as refused, load.place("auto"):
        pass
    assert (refused.value.problem.status, refused.value.problem.retry_after_s) == (503, 5)
    assert (load.under_way["auto"], load.most, load.refused) == (
        LEAST_IN_FLIGHT,
        {"auto": LEAST_IN_FLIGHT},
        {"auto": 1},
    )
    with load.place("lane critical"):
        assert "lane critical" not in load.most
    places[0].__exit__(None, None, None)
    with load.place("auto"):
        pass
    now += WINDOW_S
    with load.place("auto"), load.place("auto"), load.place("auto"):
        pass


@pytest.mark.parametrize(("reason", "status"), [("deadline", 504), ("starved", 503)])
async def test_over_its_load_the_gateway_refuses_in_openais_shape_before_it_publishes(
    gateway: Callable[..., Any], make_failed: MakeFailed, reason: str, status: int
) -> None:
    ask = {"messages": [{"role": "user", "content": "x"}]}
    ended: list[RequestSubmitted] = []

    def late_then_silent(asked: RequestSubmitted) -> RequestFailed | None:
        ended.append(asked)
        return make_failed(asked.request_id, reason=reason) if len(ended) <= 10 else None

    async with gateway(late_then_silent, stop_grace_s=0) as running, httpx.AsyncClient() as client:
        url = f"{running.url}/v1/chat/completions"
        for _ in range(10):
            assert (await client.post(url, json=ask)).status_code == status
        waiting = [asyncio.create_task(client.post(url, json=ask)) for _ in range(LEAST_IN_FLIGHT)]
        async with asyncio.timeout(5):
            while len(ended) < 10 + LEAST_IN_FLIGHT:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        refused = await client.post(url, json=ask)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"]["code"] == "overloaded"
        assert len(ended) == 10 + LEAST_IN_FLIGHT
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
