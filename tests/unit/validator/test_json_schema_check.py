"""A value against a schema that nobody vouches for."""

import socket
import threading

import pytest

from schemas.vocabulary import Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.schema_effort import TooMuch, effort, shape_of

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "value", "at", "says"),
    [
        ({"type": "object", "required": ["a"]}, {}, "", '"a" is a required property'),
        ({"properties": {"a/b": {"items": {"type": "integer"}}}}, {"a/b": [1, "x"]}, "/a~1b/1", '"integer"'),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"extra": 1}, "", "extra"),
        ({"type": "object", "additionalProperties": False}, {"extra": 1}, "", "no members are allowed here"),
        ({"properties": {"a": False}}, {"a": 1}, "/a", "nothing may stand here"),
        ({"properties": {"a": {"enum": ["red", "blue"]}}}, {"a": "green"}, "/a", '"red" or "blue"'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 4, "", '"string" or this value is not of type "null"'),
        (
            {"anyOf": [{"type": "null"}, {"properties": {"a": {"type": "string"}}}]},
            {"a": 4},
            "/a",
            'not of type "string"',
        ),
        (False, 1, "", "nothing may stand here"),
    ],
)
def test_a_failure_says_where_and_why(schemas: SchemaChecker, schema, value, at: str, says: str) -> None:
    finding = schemas.check(schema, value, 50)
    assert (finding.verdict, finding.at) == (Verdict.FAIL, at)
    assert says in finding.detail


def test_several_failures_are_told_at_once_and_not_without_end(schemas: SchemaChecker) -> None:
    finding = schemas.check({"items": {"type": "integer"}}, ["x"] * 50, 300)
    assert finding.at == "/0"
    assert "/3:" in finding.detail
    assert "/4:" not in finding.detail
    assert "and more" in finding.detail


def test_the_value_itself_is_never_told(schemas: SchemaChecker) -> None:
    for schema in ({"type": "integer"}, {"const": 1}, {"maxLength": 2}, {"oneOf": [{"type": "integer"}]}):
        assert "hunter2" not in schemas.check(schema, "hunter2", 9).detail


def test_the_draft_that_the_schema_names_counts(schemas: SchemaChecker) -> None:
    tuple_of_draft_7 = {"items": [{"type": "integer"}], "additionalItems": False}
    assert schemas.check({"$schema": DRAFT_7, **tuple_of_draft_7}, [1, 2], 6).verdict == Verdict.FAIL
    tuple_of_2020 = {"prefixItems": [{"type": "integer"}], "items": False}
    assert schemas.check(tuple_of_2020, [1, 2], 6).verdict == Verdict.FAIL
    assert schemas.check({"$schema": DRAFT_7, **tuple_of_2020}, [1, 2], 6).verdict == Verdict.FAIL
    assert schemas.check({"$schema": DRAFT_7, "prefixItems": [{"type": "string"}]}, [1], 3).verdict == Verdict.PASS


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "strnig"}, "/type"),
        ({"properties": {"a": {"minimum": "low"}}}, "/properties/a/minimum"),
        ({"pattern": "("}, "/pattern"),
        ({"$ref": "#/$defs/none"}, "none"),
        ({"$schema": "https://example.org/my-own", "type": "string"}, "example.org/my-own"),
        ("string", "neither an object nor a boolean"),
        (None, "neither an object nor a boolean"),
    ],
)
def test_a_schema_that_is_none_is_the_clients_fault(schemas: SchemaChecker, schema, says: str) -> None:
    finding = schemas.check(schema, "x", 3)
    assert finding.verdict == Verdict.CANNOT_TELL
    assert says in finding.detail


def test_nothing_is_fetched(schemas: SchemaChecker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        called = threading.Event()

        def accept() -> None:
            try:
                server.accept()[0].close()
                called.set()
            except TimeoutError:
                pass

        listening = threading.Thread(target=accept)
        listening.start()
        finding = schemas.check({"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/s.json"}, 1, 1)
        listening.join()
    assert finding.verdict == Verdict.CANNOT_TELL
    assert not called.is_set()
    assert schemas.check({"$ref": "file:///etc/hostname"}, 1, 1).verdict == Verdict.CANNOT_TELL


def doubling(levels: int) -> dict:
    """A schema of a few lines that asks for 2^levels comparisons."""
    twice = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**twice, f"d{levels}": {"type": "string"}}}


BRANCHING = {
    "oneOf": [
        {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"properties": {"a": {"$ref": "#"}}, "required": ["a", "b"]},
        {"type": "null"},
    ]
}


def nested(levels: int, inner: object = 1) -> object:
    for _ in range(levels):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("schema", "value", "verdict"),
    [
        pytest.param(doubling(60), "x", Verdict.CANNOT_TELL, id="2^60 comparisons"),
        pytest.param(doubling(14), 1, Verdict.FAIL, id="2^14 reasons for one failure"),
        pytest.param(BRANCHING, nested(60), Verdict.CANNOT_TELL, id="a recursive value, two branches a level"),
        pytest.param(BRANCHING, nested(14), Verdict.FAIL, id="the same, shallow enough to decide"),
        pytest.param({"pattern": "^(a|aa)+(?=b)\\1$"}, "a" * 60 + "c", Verdict.CANNOT_TELL, id="backtracking"),
        pytest.param(
            {"not": {"pattern": "^(a|aa)+(?=b)\\1$"}}, "a" * 60 + "c", Verdict.CANNOT_TELL, id="backtracking in a not"
        ),
        pytest.param({"pattern": "^(a+)+$"}, "a" * 5_000 + "b", Verdict.FAIL, id="a pattern without references"),
        pytest.param({"pattern": "(?=\\w{500})"}, "x", Verdict.CANNOT_TELL, id="a pattern too large to compile"),
        pytest.param({"$ref": "#"}, 1, Verdict.PASS, id="a reference to itself"),
        pytest.param(
            {"allOf": [{"$ref": f"#/allOf/{n + 1}"} for n in range(30_000)] + [{}]},
            1,
            Verdict.CANNOT_TELL,
            id="a chain of references",
        ),
        pytest.param({"properties": {"a": {"$ref": "#"}}}, nested(600), Verdict.CANNOT_TELL, id="a bottomless value"),
        pytest.param(
            {"properties": {str(n): {"pattern": f"^{n}"} for n in range(300)}}, {}, Verdict.CANNOT_TELL, id="patterns"
        ),
        pytest.param(nested(100, True), {}, Verdict.PASS, id="unknown words, nested"),
    ],
)
def test_a_schema_meant_to_hang_gets_an_answer(schemas: SchemaChecker, schema, value, verdict: Verdict) -> None:
    assert schemas.check(schema, value, 100).verdict == verdict


def test_a_backtracking_pattern_does_not_hide_a_plain_failure(schemas: SchemaChecker) -> None:
    schema = {"properties": {"a": {"type": "integer"}, "b": {"pattern": "^(a|aa)+(?=b)\\1$"}}}
    finding = schemas.check(schema, {"a": "x", "b": "a" * 60 + "c"}, 100)
    assert (finding.verdict, finding.at) == (Verdict.FAIL, "/a")


def test_a_recursive_schema_of_a_reasonable_size_is_checked_and_placed(schemas: SchemaChecker) -> None:
    tree = {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["value"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    }
    value = {"value": 1, "children": [{"value": 2}, {"value": 3, "children": [{"value": "four"}]}]}
    finding = schemas.check(tree, value, 90)
    assert (finding.verdict, finding.at) == (Verdict.FAIL, "/children/1/children/0/value")


def test_no_more_schemas_are_kept_than_allowed() -> None:
    schemas = SchemaChecker(kept=3)
    for limit in range(10):
        assert schemas.check({"minimum": limit}, 10, 2).verdict == Verdict.PASS
    assert schemas.kept() == 3


def test_the_measure_counts_every_meeting_of_schema_and_value() -> None:
    shape = shape_of(doubling(3))
    assert shape.tangled
    # The root, then for each level its allOf twice with a reference each: 1 + f(0), f(n) = 1 + 2 (1 + f(n + 1)).
    assert effort(shape, "x").applications == 1 + (1 + 2 * (1 + (1 + 2 * (1 + (1 + 2 * (1 + 1))))))


@pytest.mark.parametrize(
    "schema",
    [
        {"$id": "https://example.org/s", "$ref": "other", "$defs": {"o": {"$id": "other", "type": "string"}}},
        {"$ref": "#name", "$defs": {"o": {"$anchor": "name", "type": "string"}}},
        {"$dynamicRef": "#name", "$defs": {"o": {"$dynamicAnchor": "name", "type": "string"}}},
        {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "string"}}},
        {"$ref": "#/allOf/0", "allOf": [{"type": "string"}]},
    ],
)
def test_references_are_followed_as_the_validator_follows_them(schemas: SchemaChecker, schema: dict) -> None:
    (targets,) = shape_of(schema).targets.values()
    assert {"type": "string"}.items() <= targets[0].items()
    assert schemas.check(schema, 1, 1).verdict == Verdict.FAIL


def test_too_large_a_schema_is_not_even_compiled() -> None:
    with pytest.raises(TooMuch):
        shape_of({"properties": {str(n): {} for n in range(20_000)}})
