from typing import Any

import pytest
from asking import asked
from hypothesis import given
from hypothesis import strategies as st

from schemas.request import RequestSubmitted
from services.profiler.domain.features import (
    EXPECTED_OUTPUT_TOKENS,
    WORD,
    context_needed,
    features_of,
    own_bound,
    words_of,
)

IMAGE = {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}}


def test_features_are_read_off_the_text() -> None:
    features = features_of(asked("When do you open on the first of May?"))

    assert features.characters == 37
    assert features.estimated_tokens == 10
    assert features.language == "en"
    assert not (features.has_tools or features.has_schema or features.has_code or features.has_images)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("When do you open on the first of May?", 9, 10),
        ("Wann öffnen Sie am ersten Mai, und für wie lange?", 12, 15),
        ("서울은 대한민국의 수도입니다.", 14, 22),
        ("กรุงเทพเป็นเมืองหลวง", 20, 26),
        ("北京是中国的首都", 8, 11),
        ("\ud83d", 1, 2),
    ],
)
def test_a_text_of_another_script_takes_more_tokens_than_its_letters_by_four(text: str, least: int, most: int) -> None:
    assert least <= features_of(asked(text)).estimated_tokens <= most


@pytest.mark.parametrize(
    "text",
    [
        "Write a Python function that reverses a list.",
        "Implement Dijkstra's algorithm in Go.",
        "Write a method that returns the largest element.",
        "Which sorting algorithm is stable?",
        "How do lifetimes work in Rust?",
        "Create a shell script to back up a folder.",
        "Explain this SQL.",
    ],
)
def test_a_text_that_asks_for_code_is_known_by_its_words(text: str) -> None:
    assert features_of(asked(text)).has_code


@pytest.mark.parametrize(
    "text",
    [
        "What is the best method to remove rust from a bike?",
        "Write a script for a short play about two sisters.",
        "What is the function of the liver?",
        "What are the main functions of a central bank?",
        "How does the algorithm of the feed decide what I see?",
    ],
)
def test_words_that_other_trades_use_too_ask_for_no_code(text: str) -> None:
    assert not features_of(asked(text)).has_code


def test_parts_of_a_message_are_read_too() -> None:
    features = features_of(asked([{"type": "text", "text": "def f(x):\n    pass"}, IMAGE, IMAGE]))

    assert features.has_images
    assert features.has_code
    assert features.estimated_tokens > 2_000


def test_tools_and_a_schema_take_room() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "x" * 1_000}}

    assert features_of(asked(tools=(tool,))).characters > 1_000
    assert features_of(asked(response_format={"type": "json_schema"})).has_schema
    assert not features_of(asked(response_format={"type": "text"})).has_schema


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France and how are the people?", "en"),
        ("Was ist die Hauptstadt und wie ist das Wetter?", "de"),
        ("Quelle est la capitale et comment est le temps dans les Alpes?", "fr"),
        ("¿Cuál es la capital y cómo es el tiempo en los Alpes?", "es"),
        ("東京はどこですか", "ja"),
        ("北京在哪里", "zh"),
        ("서울은 어디입니까", "ko"),
        ("Где находится Москва?", "ru"),
        ("what is a leap year", "en"),
        ("send me a list of the accounts", "en"),
        ("the β-sheet and the β-blocker", "en"),
        ("नमस्ते", "und"),
        ("ସମୟ", "und"),
        ("no", "und"),
        ("42", "und"),
        ("", "und"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert features_of(asked(text)).language == language


@pytest.mark.parametrize(
    ("params", "output"),
    [
        ({}, EXPECTED_OUTPUT_TOKENS),
        ({"max_tokens": 100}, 100),
        ({"max_completion_tokens": 50, "max_tokens": 100}, 50),
        ({"max_tokens": 0}, EXPECTED_OUTPUT_TOKENS),
        ({"max_tokens": -5}, EXPECTED_OUTPUT_TOKENS),
        ({"max_tokens": "many"}, EXPECTED_OUTPUT_TOKENS),
        ({"max_tokens": None}, EXPECTED_OUTPUT_TOKENS),
        ({"max_tokens": 10**30}, 10**9),
    ],
)
def test_the_context_has_room_for_the_answer(params: dict[str, Any], output: int) -> None:
    features = features_of(asked())

    assert context_needed(features, params) == features.estimated_tokens + output
    assert (own_bound(params) or EXPECTED_OUTPUT_TOKENS) == output


def test_a_bound_is_the_clients_own_only_where_it_set_one() -> None:
    assert (own_bound({}), own_bound({"max_tokens": 512})) == (None, 512)
    assert own_bound({"max_tokens": True}) is None


content = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.none() | st.text() | st.lists(content, max_size=4))
def test_any_content_has_features(told: Any) -> None:
    """Also content that the contract refuses: nothing in it may break what looks at it."""
    unchecked = asked().model_copy(update={"messages": ({"role": "user", "content": told},)})
    features = features_of(unchecked)

    assert features.estimated_tokens >= 1
    assert features.characters >= 0


@given(st.text() | st.text(st.characters(max_codepoint=127)))
def test_the_words_of_a_text_are_those_of_the_expression(text: str) -> None:
    assert words_of(text) == WORD.findall(text)


def test_a_long_run_of_blank_lines_is_read_in_time() -> None:
    """Linear, whatever the text: at the cap of what is looked at, a pattern that backtracks takes seconds."""
    assert not features_of(asked("\n" * 1_000_000)).has_code
    assert not features_of(asked("SELECT " * 100_000)).has_code


MUCH = "A" * 4_000
CALL = {"id": "c", "type": "function", "function": {"name": "pay", "arguments": MUCH}}


@pytest.mark.parametrize(
    ("message", "least"),
    [
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, 1_000),
        ({"role": "assistant", "content": None, "function_call": {"name": "pay", "arguments": MUCH}}, 1_000),
        ({"role": "assistant", "content": "x", "reasoning_content": MUCH}, 1_000),
        ({"role": "user", "content": [{"type": "file", "file": {"file_data": MUCH}}]}, 40),
        ({"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": MUCH, "format": "mp3"}}]}, 40),
    ],
    ids=["calls of tools", "an old function call", "reasoning", "a file", "a sound"],
)
def test_whatever_a_model_reads_takes_room(message: dict[str, Any], least: int) -> None:
    tokens = features_of(RequestSubmitted(messages=(message,))).estimated_tokens
    assert least <= tokens <= least * 1.1


@pytest.mark.parametrize(
    "content",
    [[{"type": "file", "file": 1}], [{"type": "file", "file": {"file_id": "f-1"}}]],
)
def test_parts_without_text_or_data_count_by_what_is_there(content: Any) -> None:
    assert features_of(RequestSubmitted(messages=({"role": "user", "content": content},))).estimated_tokens > 1
