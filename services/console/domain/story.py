"""The story of a request, from the ledger's JSON to a tree of lines. Fields that are absent are passed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.content import JsonRead
from schemas.money import usd_from_micro
from schemas.next_actions import NO_ESCALATION
from services.console.domain.road import came_late

NEWS_S = 60.0
"""How long after its end a story may still get longer: spans come late, and so do bills."""
OF_PROMPT = (("cached_input_tokens", "cached"), ("cache_write_tokens", "written to the cache"))
OF_ANSWER = (("reasoning_tokens", "of reasoning"),)
"""What is told of the tokens of an attempt, where there are any: the provider's own cache of prompts, and reasoning."""
MARKS = {"pass": "✓", "fail": "✗", "doubt": "?", "cannot_tell": "·"}


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree. ``after_ms``: how long after the request was admitted. ``mood``: good, bad or neither."""

    text: str
    after_ms: int | None = None
    mood: str = ""
    children: tuple["Node", ...] = ()


def story_tree(told: JsonRead) -> Node:
    """The tree: the request, its attempts in order with what came before and after each, and its end."""
    request = told["request"]
    start = _time(request.get("admitted_at"))
    turns = {turn["number"]: turn for turn in told.get("escalations", ())}
    nodes = [_profile(request, start)]
    for attempt in told.get("attempts", ()):
        if turn := turns.get(attempt["number"]):
            nodes.append(_turn(turn, start))
        nodes.append(_attempt(attempt, start))
    made = {attempt["number"] for attempt in told.get("attempts", ())}
    nodes += [_turn(turn, start) for number, turn in turns.items() if number not in made]
    nodes += [_end(request, told.get("totals", {}), start)]
    nodes += [_feedback(each, start) for each in told.get("feedback", ())]
    return Node(f"request {request['request_id']}", children=tuple(node for node in nodes if node.text))


def is_news(request: JsonRead, now: datetime) -> bool:
    """Whether a request is under way, or ended only now."""
    ended = _time(request.get("ended_at"))
    return ended is None or (now - ended).total_seconds() < NEWS_S


def _profile(request: JsonRead, start: datetime | None) -> Node:
    why = request.get("profile_why")
    asked = f"{request.get('task') or 'not profiled yet'}{f' ({why})' if why else ''}"
    facts = (
        ("lane", request.get("lane")),
        ("risk", request.get("risk")),
        ("data", request.get("data_class")),
        ("tenant", request.get("tenant")),
        ("revision", request.get("revision")),
        ("trace", request.get("trace_id")),
    )
    children = tuple(Node(f"{name} {value}") for name, value in facts if value)
    return Node(f"task {asked}", _after(request.get("admitted_at"), start), children=children)


def _turn(turn: JsonRead, start: datetime | None) -> Node:
    word = "then" if turn["action"] in NO_ESCALATION else "escalated"
    text = f"{word}: {turn['action']}, because {turn['reason']}"
    return Node(text, _after(turn.get("said_at"), start), children=_lines(turn.get("detail")))


def _attempt(attempt: JsonRead, start: datetime | None) -> Node:
    who = f"{attempt['model']} at {attempt['provider']}" if attempt.get("model") else "no model"
    outcome = attempt["outcome"]
    reason = f", {attempt['reason']}" if attempt.get("reason") else ""
    taken = f", takes the answer of attempt {attempt['given_by']}" if attempt.get("given_by") else ""
    text = f"attempt {attempt['number']} ({attempt.get('role') or 'primary'}): {who}: {outcome}{reason}{taken}"
    mood = {"accepted": "good", "rejected": "bad", "failed": "bad"}.get(outcome, "")
    return Node(text, _after(attempt.get("dispatched_at"), start), mood, tuple(_details(attempt, start)))


def _details(attempt: JsonRead, start: datetime | None) -> Sequence[Node]:
    nodes = [Node(f"chosen: {attempt['why']}")] if attempt.get("why") else []
    nodes += [Node(f"not {each['model']}: {each['why']}") for each in attempt.get("exclusions") or ()]
    if attempt.get("completed_at"):
        text = f"answered: {attempt.get('latency_ms')} ms, {_spent(attempt)}"
        nodes.append(Node(text, _after(attempt["completed_at"], start)))
    nodes += [_check(check, attempt, start) for check in attempt.get("checks", ())]
    nodes += [
        Node(f"failed: {each['reason']}: {each['detail']}", _after(each.get("said_at"), start), "bad")
        for each in attempt.get("failures", ())
    ]
    return [*nodes, _settled(attempt, start)] if attempt.get("settled_at") else nodes


def _settled(attempt: JsonRead, start: datetime | None) -> Node:
    """What a call came to that was given up: nobody was given its answer."""
    came = came_late(attempt.get("settled_reason"), attempt.get("settled_late_ms") or 0)
    return Node(f"{came}: {_spent(attempt)}", _after(attempt["settled_at"], start))


def _spent(attempt: JsonRead) -> str:
    read, written = attempt.get("input_tokens", 0), attempt.get("output_tokens", 0)
    tokens = f"{read} tokens in{_of_which(attempt, OF_PROMPT)}, {written} out{_of_which(attempt, OF_ANSWER)}"
    return f"{tokens}, ${usd_from_micro(attempt.get('cost_micro_usd') or 0)}"


def _of_which(attempt: JsonRead, told: Sequence[tuple[str, str]]) -> str:
    counts = [f"{attempt[name]} {what}" for name, what in told if attempt.get(name)]
    return f" ({', '.join(counts)})" if counts else ""


def _check(check: JsonRead, attempt: JsonRead, start: datetime | None) -> Node:
    place = f" at {check['pointer']}" if check.get("pointer") else ""
    detail = f": {check['detail']}" if check.get("detail") else ""
    mood = {"pass": "good", "fail": "bad"}.get(check["verdict"], "")
    text = f"{MARKS.get(check['verdict'], '·')} {check['name']}{place}{detail}"
    return Node(text, _after(attempt.get("judged_at"), start), mood)


def _end(request: JsonRead, totals: JsonRead, start: datetime | None) -> Node:
    state = request.get("state", "open")
    if state == "open":
        return Node("still open")
    made = _made(totals)
    if state == "deferred":
        text = f"past its deadline, and a person may answer until {_moment(request.get('deferred_until'))}: {made}"
        return Node(text, _after(request.get("deferred_at"), start), "", _lines(request.get("deferred_detail")))
    status = f" ({request['status']})" if request.get("status") else ""
    reason = f", {request['reason']}" if request.get("reason") else ""
    mood = "good" if state == "completed" else "bad"
    first = request.get("recalled_from")
    recalled = f", from the cache, with the answer to {first}" if first else ""
    late = ", after its deadline" if request.get("deferred_at") else ""
    text = f"{state}{status}{late}{recalled}{reason}: {made}"
    return Node(text, _after(request.get("ended_at"), start), mood, _lines(request.get("detail")))


def _made(totals: JsonRead) -> str:
    attempts = totals.get("attempts", 0)
    return f"{attempts} attempt{'' if attempts == 1 else 's'}, ${usd_from_micro(totals.get('cost_micro_usd') or 0)}"


def _moment(text: str | None) -> str:
    at = _time(text)
    return f"{at:%Y-%m-%d %H:%M:%S}Z" if at else "later"


def _feedback(feedback: JsonRead, start: datetime | None) -> Node:
    label = f" ({feedback['label']})" if feedback.get("label") else ""
    return Node(
        f"feedback of {feedback['source']}: {feedback['score']}{label}", _after(feedback.get("recorded_at"), start)
    )


def _lines(detail: str | None) -> tuple[Node, ...]:
    return (Node(detail),) if detail else ()


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _after(text: str | None, start: datetime | None) -> int | None:
    at = _time(text)
    return round((at - start).total_seconds() * 1000) if at and start else None
