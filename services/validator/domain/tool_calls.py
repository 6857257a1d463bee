"""Whether tool calls name tools that exist, with arguments that satisfy their whole schema, as ``tool_choice`` asks."""

from difflib import get_close_matches
from typing import Any, cast

from schemas.attempt import CheckResult
from schemas.content import Answer, Json, Question
from schemas.vocabulary import Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.json_text import Unreadable, read_json
from services.validator.domain.message import tool_calls_of
from services.validator.domain.results import TOOL_CALLS, cannot_tell, failed, passed, shortened

Offered = dict[str, Json]
LONGEST_NAME = 80


def tool_calls_check(question: Question, answer: Answer, schemas: SchemaChecker) -> CheckResult | None:
    """The ``tool_calls`` check; ``None`` where no call was made and none was due.

    ``at`` points into the answer's message, and on into a call's arguments. The first call that fails is told.
    """
    calls = tool_calls_of(answer.message)
    if amiss := _choice_not_honoured(question.params, calls):
        return failed(TOOL_CALLS, amiss, at="/tool_calls")
    if not calls:
        return None
    if twice := _id_told_twice(calls):
        return failed(TOOL_CALLS, "each tool call needs an id of its own", at=f"/tool_calls/{twice}/id")
    offered = offered_by(question.tools or ())
    unsure: CheckResult | None = None
    for index, call in enumerate(calls):
        result = _call(call, f"/tool_calls/{index}", offered, schemas)
        if result.verdict == Verdict.FAIL:
            return result
        if result.verdict == Verdict.CANNOT_TELL:
            unsure = unsure or result
    return unsure or passed(TOOL_CALLS)


def _choice_not_honoured(params: Json, calls: list[Any]) -> str | None:
    choice = params.get("tool_choice", "auto")
    if choice == "none" and calls:
        return "no tool may be called here: tool_choice is none"
    if choice == "required" and not calls:
        return "a tool must be called here: tool_choice is required"
    if params.get("parallel_tool_calls") is False and len(calls) > 1:
        return "only one tool may be called at a time: parallel_tool_calls is false"
    return _named_not_honoured(cast("Json", choice), calls) if isinstance(choice, dict) else None


def _named_not_honoured(choice: Json, calls: list[Any]) -> str | None:
    if choice.get("type") == "allowed_tools":
        return _not_allowed(part_of(choice, "allowed_tools"), calls)
    name = name_in(choice)
    if name is None:
        return None
    if not calls:
        return f"the tool {name} must be called here: tool_choice names it"
    others = [name_in(call) for call in calls if name_in(call) != name]
    return f"only the tool {name} may be called here: tool_choice names it" if others else None


def _not_allowed(choice: Json, calls: list[Any]) -> str | None:
    if choice.get("mode") == "required" and not calls:
        return "a tool must be called here: tool_choice is required"
    tools = choice.get("tools")
    allowed = [name_in(tool) for tool in cast("list[Any]", tools)] if isinstance(tools, list) else []
    if all(name_in(call) in allowed for call in calls):
        return None
    return f"only these tools may be called here: {', '.join(name for name in allowed if name)}"


def _id_told_twice(calls: list[Any]) -> int | None:
    """The index of a call with the id of an earlier one: nobody could say whose result is whose."""
    seen = set[str]()
    for index, call in enumerate(calls):
        told = cast("Json", call).get("id") if isinstance(call, dict) else None
        if isinstance(told, str) and told:
            if told in seen:
                return index
            seen.add(told)
    return None


def offered_by(tools: tuple[Json, ...]) -> Offered:
    """The tools by their names."""
    return {name: tool for tool in tools if (name := name_in(tool)) is not None}


def _call(call: Any, at: str, offered: Offered, schemas: SchemaChecker) -> CheckResult:
    name = name_in(call)
    if name is None:
        return failed(TOOL_CALLS, "a tool call needs a function with a name", at=at)
    tool = offered.get(name)
    if tool is None:
        return failed(TOOL_CALLS, _unknown_tool(name, offered), at=f"{at}/function/name")
    if tool.get("type", "function") != "function":
        return cannot_tell(TOOL_CALLS, f"the input of the {tool.get('type')} tool {name} is not checked", at=at)
    return _arguments(call, tool, f"{at}/function/arguments", schemas)


def _arguments(call: Json, tool: Json, at: str, schemas: SchemaChecker) -> CheckResult:
    name = name_in(tool)
    text = part_of(call, "function").get("arguments")
    if not isinstance(text, str):
        return failed(TOOL_CALLS, f"the arguments of {name} must be JSON text", at=at)
    value = read_json(text)
    if isinstance(value, Unreadable):
        return failed(TOOL_CALLS, f"the arguments of {name}: {value.detail}", at=at)
    if not isinstance(value, dict):
        return failed(TOOL_CALLS, f"the arguments of {name} must be a JSON object", at=at)
    schema = part_of(tool, "function").get("parameters")
    if schema is None:
        return passed(TOOL_CALLS)
    finding = schemas.check(schema, value, len(text))
    if finding.verdict == Verdict.PASS:
        return passed(TOOL_CALLS)
    if finding.verdict == Verdict.FAIL:
        return failed(TOOL_CALLS, f"the arguments of {name}: {finding.detail}", at=f"{at}{finding.at or ''}")
    return cannot_tell(TOOL_CALLS, f"the arguments of {name}: {finding.detail}", at=at)


def _unknown_tool(name: str, offered: Offered) -> str:
    name = shortened(name, LONGEST_NAME)
    if not offered:
        return f"there is no tool {name}: the request offers none"
    near = get_close_matches(name, [tool for tool in offered if len(tool) <= LONGEST_NAME], 1)
    return f"there is no tool {name}: " + (f"did you mean {near[0]}?" if near else f"there is {', '.join(offered)}")


def name_in(item: Any) -> str | None:
    """The name in a tool, a tool call or a tool choice: all three keep it under their type."""
    if not isinstance(item, dict):
        return None
    told = cast("Json", item)
    kind = told.get("type", "function")
    name = part_of(told, kind).get("name") if isinstance(kind, str) else None
    return name if isinstance(name, str) and name else None


def part_of(item: Json, name: str) -> Json:
    """A part that is an object; an empty one for what is not."""
    part = item.get(name)
    return cast("Json", part) if isinstance(part, dict) else {}
