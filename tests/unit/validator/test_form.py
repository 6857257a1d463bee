"""The form that was asked for: response_format and tools."""

import pytest
from answered_attempts import a_call, a_tool, in_form_of, said_of

from schemas.content import Answer, Question
from schemas.vocabulary import Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.response_format import schema_check
from services.validator.domain.tool_calls import tool_calls_check

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}
JSON_OBJECT = {"type": "json_object"}


def asked(**question) -> Question:
    return Question.of({"messages": [{"role": "user", "content": "What is the weather?"}], **question})


def answer(message: dict) -> Answer:
    return Answer(message=message, finish_reason="stop")


@pytest.mark.parametrize(
    ("text", "verdict", "at", "says"),
    [
        ('{"city": "Bern", "days": 2}', Verdict.PASS, None, ""),
        (' {"city": "Bern"}\n', Verdict.PASS, None, ""),
        ('{"city": "Bern", "days": 0}', Verdict.FAIL, "/days", "minimum"),
        ('{"days": 1}', Verdict.FAIL, "", '"city" is a required property'),
        ('```json\n{"city": "Bern"}\n```', Verdict.FAIL, "", "fence"),
        ('Here it is: {"city": "Bern"}', Verdict.FAIL, "", "no words around it"),
        ('{"city": "Bern"} Enjoy!', Verdict.FAIL, "", "not valid JSON"),
        ('{"city": "Bern", "days": NaN}', Verdict.FAIL, "", "not valid JSON"),
        ('{"city": "Be', Verdict.FAIL, "", "not valid JSON"),
        ("[" * 100_000, Verdict.FAIL, "", "recursion limit"),
        ("9" * 10_000, Verdict.FAIL, "", "out of range"),
        ('"\\ud800"', Verdict.FAIL, "", "not valid JSON"),
    ],
)
def test_json_schema(schemas: SchemaChecker, text: str, verdict: Verdict, at: str | None, says: str) -> None:
    result = schema_check(asked(response_format=in_form_of(WEATHER)), answer(said_of(text)), schemas)
    assert result is not None
    assert (result.name, result.verdict, result.at) == ("schema", verdict, at)
    assert says in (result.detail or "")


@pytest.mark.parametrize(
    ("text", "verdict"), [("{}", Verdict.PASS), ("[]", Verdict.FAIL), ("42", Verdict.FAIL), ("{", Verdict.FAIL)]
)
def test_json_object(schemas: SchemaChecker, text: str, verdict: Verdict) -> None:
    result = schema_check(asked(response_format=JSON_OBJECT), answer(said_of(text)), schemas)
    assert result is not None
    assert result.verdict == verdict


@pytest.mark.parametrize(
    "form",
    [{"type": "xml"}, {"type": 7}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": [1]}, in_form_of(7)],
)
def test_a_form_that_is_not_understood_is_said(schemas: SchemaChecker, form: dict) -> None:
    result = schema_check(asked(response_format=form), answer(said_of("{}")), schemas)
    assert result is not None
    assert result.verdict == Verdict.CANNOT_TELL


def test_json_schema_without_a_schema_asks_for_json(schemas: SchemaChecker) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "anything"}}
    result = schema_check(asked(response_format=form), answer(said_of("[1]")), schemas)
    assert result is not None
    assert result.verdict == Verdict.PASS


@pytest.mark.parametrize("form", [None, {"type": "text"}])
def test_a_free_form_is_not_checked(schemas: SchemaChecker, form: dict | None) -> None:
    assert schema_check(asked(response_format=form), answer(said_of("anything")), schemas) is None


def test_an_answer_that_is_a_call_has_no_content_to_check(schemas: SchemaChecker) -> None:
    called = answer(said_of(None, tool_calls=[a_call("weather", {"city": "Bern"})]))
    assert schema_check(asked(response_format=JSON_OBJECT), called, schemas) is None


TOOLS = [a_tool("get_weather", WEATHER), a_tool("now"), {"type": "custom", "custom": {"name": "shell"}}]


def calls_checked(schemas: SchemaChecker, calls: object, **params):
    question = asked(tools=TOOLS, params=params)
    return tool_calls_check(question, answer(said_of(None, tool_calls=calls)), schemas)


@pytest.mark.parametrize(
    ("calls", "verdict", "at", "says"),
    [
        ([a_call("get_weather", {"city": "Bern"})], Verdict.PASS, None, ""),
        ([a_call("now", {})], Verdict.PASS, None, ""),
        (
            [a_call("get_weather", {"city": 3})],
            Verdict.FAIL,
            "/tool_calls/0/function/arguments/city",
            "arguments of get_weather",
        ),
        ([a_call("get_weather", {})], Verdict.FAIL, "/tool_calls/0/function/arguments", "required property"),
        ([a_call("get_weather", "{")], Verdict.FAIL, "/tool_calls/0/function/arguments", "not valid JSON"),
        ([a_call("get_weather", "")], Verdict.FAIL, "/tool_calls/0/function/arguments", "empty"),
        ([a_call("get_weather", "[]")], Verdict.FAIL, "/tool_calls/0/function/arguments", "must be a JSON object"),
        ([a_call("get_wether", {})], Verdict.FAIL, "/tool_calls/0/function/name", "did you mean get_weather?"),
        (
            [a_call("now", {}), a_call("get_weather", {"city": "Bern", "days": 0}, 1)],
            Verdict.FAIL,
            "/tool_calls/1/function/arguments/days",
            "minimum",
        ),
        (
            [{"id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls"}}],
            Verdict.CANNOT_TELL,
            "/tool_calls/0",
            "custom tool shell",
        ),
        ([{"function": {"name": "now", "arguments": {}}}], Verdict.FAIL, "/tool_calls/0/function/arguments", "text"),
        ([a_call("now", {}), a_call("now", {})], Verdict.FAIL, "/tool_calls/1/id", "an id of its own"),
        ([a_call("now", {}), a_call("now", {}, 1)], Verdict.PASS, None, ""),
        ([7], Verdict.FAIL, "/tool_calls/0", "name"),
        ([{"type": "function", "function": {"name": ""}}], Verdict.FAIL, "/tool_calls/0", "name"),
    ],
)
def test_tool_calls(schemas: SchemaChecker, calls, verdict: Verdict, at: str | None, says: str) -> None:
    result = calls_checked(schemas, calls)
    assert (result.name, result.verdict, result.at) == ("tool_calls", verdict, at)
    assert says in (result.detail or "")


def test_a_call_where_no_tool_was_offered(schemas: SchemaChecker) -> None:
    result = tool_calls_check(asked(), answer(said_of(None, tool_calls=[a_call("now", {})])), schemas)
    assert result is not None
    assert "the request offers none" in (result.detail or "")


def test_arguments_whose_schema_is_unusable_are_not_judged(schemas: SchemaChecker) -> None:
    question = asked(tools=[a_tool("now", {"type": "objekt"})])
    result = tool_calls_check(question, answer(said_of(None, tool_calls=[a_call("now", {})])), schemas)
    assert result is not None
    assert result.verdict == Verdict.CANNOT_TELL


NOW, WEATHER_CALL = a_call("now", {}), a_call("get_weather", {"city": "Bern"}, 1)
ONLY_NOW = {"type": "function", "function": {"name": "now"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [ONLY_NOW]}}


@pytest.mark.parametrize(
    ("params", "calls", "verdict"),
    [
        ({}, [], None),
        ({"tool_choice": "auto"}, [], None),
        ({"tool_choice": "none"}, [], None),
        ({"tool_choice": "none"}, [NOW], Verdict.FAIL),
        ({"tool_choice": "required"}, [], Verdict.FAIL),
        ({"tool_choice": "required"}, [NOW], Verdict.PASS),
        ({"tool_choice": ONLY_NOW}, [], Verdict.FAIL),
        ({"tool_choice": ONLY_NOW}, [NOW], Verdict.PASS),
        ({"tool_choice": ONLY_NOW}, [NOW, WEATHER_CALL], Verdict.FAIL),
        ({"tool_choice": ALLOWED}, [], Verdict.FAIL),
        ({"tool_choice": ALLOWED}, [NOW], Verdict.PASS),
        ({"tool_choice": ALLOWED}, [WEATHER_CALL], Verdict.FAIL),
        ({"parallel_tool_calls": False}, [NOW], Verdict.PASS),
        ({"parallel_tool_calls": False}, [NOW, WEATHER_CALL], Verdict.FAIL),
        ({"tool_choice": {"type": "a_choice_of_tomorrow"}}, [NOW], Verdict.PASS),
        ({"tool_choice": 7}, [NOW], Verdict.PASS),
    ],
)
def test_tool_choice(schemas: SchemaChecker, params: dict, calls: list, verdict: Verdict | None) -> None:
    result = calls_checked(schemas, calls, **params)
    assert (result.verdict if result else None) == verdict


def test_a_choice_of_one_whole_request_is_named_in_the_detail(schemas: SchemaChecker) -> None:
    result = calls_checked(schemas, [], tool_choice=ONLY_NOW)
    assert result.at == "/tool_calls"
    assert "the tool now must be called" in result.detail
