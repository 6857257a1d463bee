"""A schema without references can ask for as much as one with them: it is counted before anything is compared."""

import json
from typing import Any

import pytest

from schemas.vocabulary import Verdict
from services.validator.domain import json_schema
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.pattern_effort import BACKTRACK_LIMIT, matching
from services.validator.domain.schema_effort import effort, shape_of

BACKTRACKING = {"items": {"anyOf": [*({"pattern": f"^(?:a|a(?!c))*b{n}$"} for n in range(190)), True]}}
LISTED = {"items": {"enum": [[n] for n in range(20_000)]}}
REPEATED = {"items": {"pattern": "(?:[ab]{1,50}){1,50}c"}}
NAMED = {"patternProperties": {f"(?=.*b{n})a": True for n in range(100)}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param(BACKTRACKING, ["a" * 10] * 600, id="patterns times items"),
        pytest.param(LISTED, [[19_999]] * 2_000, id="listed values times items"),
        pytest.param(REPEATED, ["ab" * 50] * 50, id="a pattern that is long when written out"),
        pytest.param(NAMED, {f"name-{n}": 1 for n in range(50)}, id="patterns times names"),
        pytest.param({"items": {"allOf": [{"minimum": n} for n in range(9_000)]}}, [1] * 3_000, id="parts times items"),
    ],
)
def test_what_would_take_long_is_not_begun(schemas: SchemaChecker, schema: Any, value: Any) -> None:
    finding = schemas.check(schema, value, len(json.dumps(value)))
    assert finding.verdict == Verdict.CANNOT_TELL
    assert finding.detail.startswith("not checked against the schema")


def test_a_failure_with_ten_thousand_reasons_is_told_without_them(schemas: SchemaChecker) -> None:
    value = [1] * 3_000
    finding = schemas.check({"items": {"anyOf": [{"minimum": n + 5} for n in range(1_000)]}}, value, 9_000)
    assert (finding.verdict, finding.at) == (Verdict.FAIL, "")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}$"}}, ["01234567-89ab-cdef"] * 1_000),
        ({"items": {"properties": {"on": {"pattern": "^\\d{4}-\\d{2}-\\d{2}$"}}}}, [{"on": "2026-11-28"}] * 2_000),
        ({"items": {"pattern": "^(?=.*\\d)(?=.*[a-z]).{8,}$"}}, ["abcdefg1"] * 100),
        ({"pattern": "^(?!.*foo)"}, "no word of it " * 300),
        ({"items": {"enum": [f"code-{n}" for n in range(500)]}}, ["code-499"] * 2_000),
        ({"items": {"properties": {f"p{n}": {"type": "integer"} for n in range(10)}}}, [{"p1": 1, "p9": 2}] * 2_000),
    ],
)
def test_what_is_large_and_harmless_is_checked(schemas: SchemaChecker, schema: Any, value: Any) -> None:
    assert schemas.check(schema, value, len(json.dumps(value))).verdict == Verdict.PASS


def test_of_a_small_schema_and_answer_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(json_schema, "effort", counted)
    schema = {"properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}, "c": {"pattern": "^[a-z]+$"}}}
    assert SchemaChecker(1).check(schema, {"a": 1, "b": "x", "c": "abc"}, 30).verdict == Verdict.PASS


def test_steps_are_of_parts_listed_values_and_patterns() -> None:
    shape = shape_of({"items": {"enum": [[1], [2]], "pattern": "^a$"}})
    assert not shape.tangled
    # The root, and for each item the part itself, with the list and its two entries at ten steps each.
    assert effort(shape, [1, 2]).applications == 3
    assert effort(shape, [1, 2]).steps == 1 + 2 * (1 + 3 * 10)
    assert effort(shape, ["abc"]).steps == 1 + (1 + 3 * 10) + matching("^a$").steps(3)


@pytest.mark.parametrize(
    ("pattern", "length", "stepwise"),
    [
        ("^abc$", 5, False),
        ("^[a-z()]{3}\\d+$", 6, False),
        ("(?:[ab]{1,50}){1,50}c", (1 + 50) * 50 + 1, False),
        ("(?i)a", 2, False),
        ("a(?!b)", 3, True),
        ("(a)\\1", 2, True),
        ("a++", 1, True),
        (")a{,", 4, False),
    ],
)
def test_a_pattern_is_as_long_as_it_is_written_out(pattern: str, length: int, stepwise: bool) -> None:
    assert matching(pattern).stepwise is stepwise
    assert matching(pattern).length == length
    assert matching(pattern).steps(1) >= (BACKTRACK_LIMIT if stepwise else 1)
