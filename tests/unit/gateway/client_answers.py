"""What the pipeline behind the gateway answers while official clients are tried."""

from collections.abc import Callable
from typing import Any

from embedding_trials import vectors

from schemas.outcome import RequestCompleted
from schemas.request import RequestSubmitted
from schemas.vocabulary import Operation

LIVE = "portfolio/critical"
"""A lane whose answers are told while they are written."""


def script(asked: RequestSubmitted, make_completed: Callable[..., RequestCompleted]) -> Any:
    """Vectors of texts to embed, a call where a tool is offered, JSON where asked for; else, as after a tool, words."""
    if asked.operation is Operation.EMBEDDINGS:
        return make_completed(asked.request_id, answer=vectors(len(asked.messages)).model_dump())
    if asked.tools and asked.messages[-1]["role"] != "tool" and asked.params.get("tool_choice") != "none":
        twice = asked.params.get("parallel_tool_calls") is not False
        function = {"name": asked.tools[0]["function"]["name"], "arguments": '{"city":"Paris"}'}
        calls = [{"id": f"call_{n}", "type": "function", "function": function} for n in range(1 + twice)]
        message: Any = {"role": "assistant", "content": None, "tool_calls": calls}
        return make_completed(asked.request_id, answer={"message": message, "finish_reason": "tool_calls"})
    if asked.model == LIVE and asked.stream:
        return (("Par", "is"), make_completed(asked.request_id))
    message = {"role": "assistant", "content": '{"city": "Paris"}' if asked.response_format else "Paris."}
    return make_completed(asked.request_id, answer={"message": message, "finish_reason": "stop"})
