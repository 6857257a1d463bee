"""The mix of requests that the benchmark sends, and what the synthetic provider does with each. Same seed, same mix."""

import json
import random
from dataclasses import dataclass
from math import log
from typing import Any

MEDIAN_PROMPT, LONGEST_PROMPT, PROMPT_SIGMA = 1_000, 20_000, 1.0
MEDIAN_LATENCY_S, LATENCY_SIGMA = 0.3, 0.4
WITH_SCHEMA, WITH_TOOLS, REJECTED, FAULTY = 0.10, 0.10, 0.08, 0.02
MARK = "bench-mark-"
WORDS = ("portfolio", "ledger", "attempt", "verdict", "router", "tier", "lane", "offset", "span", "lease")

SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "schema": {
            "type": "object",
            "properties": {"answer": {"type": "string"}, "confidence": {"type": "number"}},
            "required": ["answer", "confidence"],
            "additionalProperties": False,
        },
    },
}
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}},
            "required": ["query"],
            "additionalProperties": False,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One request of the mix. ``kind``: plain, schema or tools; ``trouble``: none, rejected, rate_limit or timeout."""

    number: int
    kind: str
    trouble: str
    prompt: str

    def body(self) -> dict[str, Any]:
        """The request in the intake contract."""
        told: dict[str, Any] = {"messages": [{"role": "user", "content": self.prompt}]}
        if self.kind == "schema":
            told["response_format"] = SCHEMA
        if self.kind == "tools":
            told["tools"] = [TOOL]
        return told


def sample(number: int, seed: int = 7, rejected: float = REJECTED) -> Sample:
    """The ``number``-th request of the mix. ``rejected``: the share of first answers that a check refuses."""
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 not for secrets
    length = min(int(dice.lognormvariate(log(MEDIAN_PROMPT), PROMPT_SIGMA)), LONGEST_PROMPT)
    draw = dice.random()
    kind = "schema" if draw < WITH_SCHEMA else "tools" if draw < WITH_SCHEMA + WITH_TOOLS else "plain"
    draw = dice.random()
    trouble = (
        "rejected"
        if draw < rejected
        else dice.choice(("rate_limit", "timeout"))
        if draw < rejected + FAULTY
        else "none"
    )
    words = " ".join(dice.choice(WORDS) for _ in range(length // 7))
    return Sample(number, kind, trouble, f"[{MARK}{number}:{kind}:{trouble}] {words}"[:LONGEST_PROMPT])


def latency_s(number: int, call: int) -> float:
    """How long the provider takes for the ``call``-th call (from 1) of a request."""
    dice = random.Random(f"latency:{number}:{call}")  # noqa: S311
    return dice.lognormvariate(log(MEDIAN_LATENCY_S), LATENCY_SIGMA)


def answer_to(kind: str, *, good: bool) -> dict[str, Any]:
    """The assistant's message: right for its kind, or one that a check rejects."""
    if kind == "schema":
        told = {"answer": "forty-two", "confidence": 0.9} if good else {"answer": 42}
        return {"role": "assistant", "content": json.dumps(told)}
    if kind == "tools":
        arguments = {"query": "ledger", "limit": 3} if good else {"limit": 0}
        call = {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": json.dumps(arguments)}}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": "The answer is forty-two, and here is why." if good else ""}
