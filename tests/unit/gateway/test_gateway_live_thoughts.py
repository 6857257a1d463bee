"""What a model thought before its answer is not told behind it, at the end of a live stream."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from schemas.outcome import RequestCompleted
from services.gateway.domain.chat_live import LiveChat


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_no_thoughts_follow_the_answer(name: str, make_completed: Callable[..., RequestCompleted]):
    message = {"role": "assistant", "content": "In Paris.", name: "The user asks for a place.", "annotations": []}
    live = LiveChat("r1", 0, include_usage=False)
    live.told({"content": "In Paris."}, "small")
    end = live.ended(make_completed(uuid4(), answer={"message": message, "finish_reason": "stop"}), {})

    assert b"asks for a place" not in end
    assert b"annotations" in end
