"""A consumer whose brokers are all away asks for the leaders now and then, not as fast as it can."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from infra.bus import fetch_sessions
from infra.bus.fetch_sessions import LOOK_AGAIN_S, FetchSessions


class Fetcher:
    """The library's fetcher, whose partitions have lost their leaders."""

    _fetch_max_wait_ms = _fetch_min_bytes = _fetch_max_bytes = _max_partition_fetch_bytes = 1
    _client = _proc_fetch_request = _records = None

    def _get_actions_per_node(self, _assignment: Any) -> tuple[Any, ...]:
        return [], {}, 30.0, True, []


async def test_leaders_are_asked_for_once_in_a_while(monkeypatch: Any) -> None:
    fetcher = Fetcher()
    sessions = FetchSessions(fetcher)
    sessions.may_fetch.set_result(None)
    assignment = SimpleNamespace(tps={TopicPartition("asked", 0)})
    now = 1_000.0
    monkeypatch.setattr(fetch_sessions.time, "monotonic", lambda: now)

    def asks() -> tuple[float, bool]:
        _, _, timeout, invalid_metadata, _ = fetcher._get_actions_per_node(assignment)
        return timeout, invalid_metadata

    assert asks() == (30.0, True)
    assert asks() == (LOOK_AGAIN_S, False)
    now += LOOK_AGAIN_S / 2
    assert asks() == (LOOK_AGAIN_S, False)
    now += LOOK_AGAIN_S
    assert asks() == (30.0, True)
