"""The check of compatibility finds every kind of change that would part services of two versions."""

from copy import deepcopy
from typing import Any

import pytest
from compatibility import incompatible

from schemas.attempt import AttemptFailed
from schemas.generate import reader_schema
from schemas.request import RequestSubmitted

Schema = dict[str, Any]


def failed() -> Schema:
    return reader_schema(AttemptFailed, "attempt.failed")


def changed(change: str) -> Schema:
    """The schema of ``attempt.failed``, changed in memory as a careless commit would."""
    schema = deepcopy(failed())
    parts, attempt = schema["properties"], schema["$defs"]["Attempt"]
    match change:
        case "a needed field goes":
            del parts["detail"]
            schema["required"].remove("detail")
        case "a needed field is renamed":
            parts["details"] = parts.pop("detail")
            schema["required"][schema["required"].index("detail")] = "details"
        case "a new field is needed":
            parts["region"] = {"type": "string"}
            schema["required"].append("region")
        case "a needed field becomes optional":
            schema["required"].remove("detail")
        case "an optional field becomes needed":
            schema["required"].append("latency_ms")
        case "a type changes":
            parts["latency_ms"]["type"] = "string"
        case "a limit is tightened":
            parts["latency_ms"]["minimum"] = 1
        case "a limit is loosened":
            parts["latency_ms"]["minimum"] = -1
        case "a deep field changes its type":
            attempt["properties"]["number"]["type"] = "string"
        case "a deep field is needed that was not":
            attempt["required"].append("region")
            attempt["properties"]["region"] = {"type": "string"}
        case "a format changes":
            attempt["properties"]["deadline_at"]["format"] = "date"
        case "null is no longer written":
            parts["retry_after_ms"] = {"type": "integer", "minimum": 0}
        case "a list becomes one":
            parts["tried"] = {"$ref": "#/$defs/Tried"}
        case "an open word is closed":
            parts["reason"] = {"enum": ["timeout"], "type": "string"}
        case _:
            raise AssertionError(change)
    return schema


@pytest.mark.parametrize(
    "change",
    [
        "a needed field goes",
        "a needed field is renamed",
        "a new field is needed",
        "a needed field becomes optional",
        "an optional field becomes needed",
        "a type changes",
        "a limit is tightened",
        "a limit is loosened",
        "a deep field changes its type",
        "a deep field is needed that was not",
        "a format changes",
        "null is no longer written",
        "a list becomes one",
        "an open word is closed",
    ],
)
def test_an_incompatible_change_is_found(change: str) -> None:
    assert incompatible(failed(), changed(change))


def test_an_older_reader_that_refuses_unknown_fields_is_found() -> None:
    closed = failed() | {"additionalProperties": False}

    assert incompatible(closed, wider()) == ["an older reader: /region: unknown, and refused"]


def wider() -> Schema:
    """A compatible change: an optional field, a new word, and other explanations."""
    schema = deepcopy(failed())
    schema["properties"]["region"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    schema["$defs"]["Reason"]["enum"].append("out_of_paper")
    schema["description"] = "No answer, and why."
    return schema


def test_an_optional_field_and_a_new_word_are_compatible() -> None:
    assert incompatible(failed(), wider()) == []


def test_a_schema_is_compatible_with_itself() -> None:
    assert incompatible(failed(), failed()) == []


def test_a_new_word_of_a_closed_list_is_not_compatible() -> None:
    intake = reader_schema(RequestSubmitted, "request.submitted")
    newer = deepcopy(intake)
    newer["$defs"]["Risk"]["enum"].append("extreme")

    assert incompatible(intake, newer) == ["an older reader: /risk: does not know ['extreme']"]


def test_a_type_of_several_that_goes_is_not_compatible() -> None:
    intake = reader_schema(RequestSubmitted, "request.submitted")
    newer = deepcopy(intake)
    newer["properties"]["messages"]["items"]["properties"]["content"]["type"] = ["string", "array"]

    assert incompatible(intake, newer) == [
        "a newer reader: /messages/*/content: takes array/string, and array/null/string is written"
    ]
