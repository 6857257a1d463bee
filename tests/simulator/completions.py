"""A good answer in OpenAI's form, and what it costs: the document that misbehaviours distort."""

from itertools import cycle, islice
from typing import Any

from schemas.content import Json

CHARACTERS_A_TOKEN = 4
WRITTEN_TOKENS = 12
SAID = "It is open on Mondays from nine to five."
TOOL_ARGUMENTS = '{"query": "opening hours"}'
LOOK_UP_TOOL: Json = {
    "type": "function",
    "function": {
        "name": "lookup",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
            "additionalProperties": False,
        },
    },
}
"""A tool that the simulator's tool calls are right for."""
SAME_ID = "chatcmpl-1"
"""Every answer has the same id, as those of sloppy providers have: nothing may be told apart by it."""


def completion(asked: Json, body_bytes: int, words: int | None = None) -> Json:
    """A chat completion for this request: a call of its first tool where it offers any, else a sentence, or words."""
    message, finish = _message(asked.get("tools") or [])
    if words is not None and message["content"]:
        message["content"] = " ".join(islice(cycle(SAID.split()), words))
    read = -(-body_bytes // CHARACTERS_A_TOKEN)
    return {
        "id": SAME_ID,
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": asked.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": WRITTEN_TOKENS,
            "total_tokens": read + WRITTEN_TOKENS,
        },
    }


def _message(tools: list[Any]) -> tuple[Json, str]:
    if not tools:
        return {"role": "assistant", "content": SAID}, "stop"
    call = tool_call(tools[0]["function"]["name"], TOOL_ARGUMENTS)
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def tool_call(name: str, arguments: str, call_id: str = "call_1") -> Json:
    """A call of a tool; ``arguments`` is JSON text, or what should have been."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
