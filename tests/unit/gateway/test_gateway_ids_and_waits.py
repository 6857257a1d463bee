"""Which ids a replica mints, how long it waits, and what it keeps of those who wait."""

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.bus.publisher import partition_of
from schemas.outcome import RequestCompleted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig
from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.partitions import Share, minted
from services.gateway.domain.patience import most_waited_s, patience_s
from services.gateway.domain.problems import Refused

ASK = [{"role": "user", "content": "Where is the Louvre?"}]


def ask(**more: Any):
    return asked_of(json.dumps({"messages": ASK, **more}).encode(), uuid4()).submitted


def where(request_id: UUID, partitions: int) -> int:
    return partition_of(str(request_id).encode(), partitions)


@given(partitions=st.integers(1, 40), data=st.data())
def test_each_partition_has_one_replica_and_ids_are_minted_for_ones_own(partitions: int, data: st.DataObject):
    count = data.draw(st.integers(1, partitions))
    shares = [Share(index, count, partitions) for index in range(count)]
    assert all(sum(share.owns(number) for share in shares) == 1 for number in range(partitions))
    for share in shares:
        assert share.owns(where(minted(share, uuid4, where), partitions))


def test_a_replica_without_partitions_says_what_to_do():
    with pytest.raises(ValueError, match="run at most 4 replicas, or raise TOPIC_PARTITIONS"):
        Share(4, 5, 4)


def test_a_replica_index_beyond_the_count_is_a_wrong_setting():
    with pytest.raises(ValidationError, match="GATEWAY_REPLICA_INDEX counts from 0"):
        GatewayConfig(replica_index=2, replica_count=2)


@pytest.mark.parametrize(
    ("more", "longest_s", "patience"),
    [
        ({}, 600, 47),
        ({"portfolio": {"deadline_s": 5}}, 600, 7),
        ({"portfolio": {"deadline_s": 500}}, 600, 47),
        ({"portfolio": {"lane": "simple"}}, 600, 22),
        ({"model": "portfolio/simple"}, 600, 22),
        ({"model": "portfolio/simple", "portfolio": {"deadline_s": 21}}, 600, 22),
        ({"model": "portfolio/none"}, 600, 47),
        ({"model": "small"}, 600, 47),
        ({}, 30, 30),
    ],
)
def test_patience_lasts_past_the_latest_deadline_that_a_request_can_have(
    revised: PortfolioRevised, more: dict[str, Any], longest_s: float, patience: float
):
    assert patience_s(ask(**more), revised.portfolio, longest_s) == patience


@given(
    told=st.none() | st.floats(0.05, 1_000), longest_s=st.floats(0.1, 1_000), share=st.floats(0, 1, exclude_min=True)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_request_waits_for_anothers_answer_is_of_its_own_time_in_any_lane(
    revised: PortfolioRevised, told: float | None, longest_s: float, share: float
):
    asked = ask(portfolio={"deadline_s": told} if told else {})
    waited_s = share * most_waited_s(asked, revised.portfolio, longest_s)
    assert all(waited_s < min(told or math.inf, lane.deadline_s) for lane in revised.portfolio.lanes.values())
    after = asked.model_copy(update={"waited_s": waited_s})
    alone = patience_s(asked, revised.portfolio, longest_s)
    assert waited_s + patience_s(after, revised.portfolio, longest_s) == pytest.approx(alone)


async def test_an_end_reaches_who_waits_for_it_once(make_completed: Callable[..., RequestCompleted]):
    waiting, request_id = Waiting(2), uuid4()
    end, other = make_completed(request_id), make_completed(uuid4())
    with waiting.place(request_id) as waiter:
        waiting.resolve(other)
        assert not waiter.done()
        waiting.resolve(end)
        waiting.resolve(end)
        assert await waiter is end
    assert len(waiting) == 0
    waiting.resolve(end)


async def test_a_place_is_given_back_whatever_happens():
    waiting = Waiting(1)
    with pytest.raises(RuntimeError), waiting.place(uuid4()):
        raise RuntimeError
    with waiting.place(uuid4()):
        with pytest.raises(Refused) as caught, waiting.place(uuid4()):
            pass
        assert (caught.value.problem.status, caught.value.problem.retry_after_s) == (503, 1)


async def test_draining_waits_for_ends_and_then_lets_go(make_completed: Callable[..., RequestCompleted]):
    waiting, served, left = Waiting(2), uuid4(), uuid4()
    with waiting.place(left) as hopeless:
        with waiting.place(served) as waiter:
            draining = asyncio.create_task(waiting.drain(0.05))
            await asyncio.sleep(0)
            waiting.resolve(make_completed(served))
            assert isinstance(await waiter, RequestCompleted)
        await draining
        assert await hopeless is None


async def test_who_gives_up_in_the_queue_is_never_published():
    submissions = Submissions()
    with pytest.raises(Refused) as caught:
        await submissions.publish(ask(), "", within_s=0.01)
    assert caught.value.problem.retry
    assert len(submissions) == 0
    kept = ask()
    publishing = asyncio.create_task(submissions.publish(kept, "", within_s=5))
    [taken] = await submissions.take()
    assert taken.event is kept
    submissions.settle([taken], {})
    await publishing


async def test_who_gives_up_after_the_hand_over_is_told_that_it_may_still_be_carried_out():
    submissions = Submissions()
    publishing = asyncio.create_task(submissions.publish(ask(), "", within_s=0.01))
    taken = await submissions.take()
    with pytest.raises(Refused) as caught:
        await publishing
    assert not caught.value.problem.retry
    assert "may still be carried out" in caught.value.problem.message
    submissions.settle(taken, {})


async def test_what_kafka_will_never_take_is_refused_and_the_rest_is_not():
    submissions = Submissions()
    tasks = [asyncio.create_task(submissions.publish(ask(), "", within_s=5)) for _ in range(3)]
    await asyncio.sleep(0)
    taken = await submissions.take()
    submissions.settle(taken, {0: "MessageSizeTooLargeError", 2: "TopicAuthorizationFailedError"})
    large, fine, unauthorized = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(large, Refused)
    assert large.problem.status == 413
    assert fine is None
    assert isinstance(unauthorized, Refused)
    assert unauthorized.problem.status == 503
    assert "TopicAuthorizationFailedError" in unauthorized.problem.message
