"""A broker that is away is told of, and not at every try."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import NodeNotReadyError

from infra.bus.fetch_sessions import FetchSessions, Session


async def test_fetches_that_fail_one_after_the_other_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    tried = list[int]()

    async def send(node: int, request: Any) -> Any:
        tried.append(node)
        raise NodeNotReadyError

    names = ("_fetch_max_wait_ms", "_fetch_min_bytes", "_fetch_max_bytes", "_max_partition_fetch_bytes")
    fetcher = SimpleNamespace(**dict.fromkeys(names, 1), _retry_backoff=0.0, _client=SimpleNamespace(send=send))
    fetcher._get_actions_per_node = fetcher._proc_fetch_request = None
    sessions = FetchSessions(fetcher)
    request = Session().next_fetch({}, sessions._terms)
    with caplog.at_level(logging.INFO, "infra.bus.fetch_sessions"):
        for _ in range(3):
            assert not await sessions._fetch(None, 1, request)
    assert len(tried) == 3
    assert [line for line in caplog.messages if "a fetch failed" in line] == [
        "a fetch failed (NodeNotReadyError); the next one begins anew"
    ]
