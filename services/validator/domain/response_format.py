"""Whether an answer has the form that ``response_format`` asks for."""

from typing import Any, cast

from schemas.attempt import CheckResult
from schemas.content import Answer, Json, Question
from schemas.vocabulary import Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.json_text import Unreadable, read_json
from services.validator.domain.message import text_of, tool_calls_of
from services.validator.domain.results import SCHEMA, cannot_tell, failed, passed


def schema_check(question: Question, answer: Answer, schemas: SchemaChecker) -> CheckResult | None:
    """The ``schema`` check; ``None`` where the form is free, or where the answer is a call and not content.

    ``at`` points into the JSON document that the answer is.
    """
    wanted = question.response_format or {}
    kind = wanted.get("type", "text")
    if kind == "text" or tool_calls_of(answer.message):
        return None
    if kind not in ("json_object", "json_schema"):
        return cannot_tell(SCHEMA, f"response_format {kind!r} is not known here: json_schema, json_object and text are")
    return _checked(wanted, text_of(answer.message), schemas)


def _checked(wanted: Json, text: str, schemas: SchemaChecker) -> CheckResult:
    value = read_json(text)
    if isinstance(value, Unreadable):
        return failed(SCHEMA, value.detail, at="")
    if wanted["type"] == "json_object":
        return passed(SCHEMA) if isinstance(value, dict) else failed(SCHEMA, "the JSON must be an object", at="")
    named = wanted.get("json_schema")
    if not isinstance(named, dict):
        return cannot_tell(SCHEMA, "response_format names json_schema and holds none")
    return _against(cast("Json", named), value, len(text), schemas)


def _against(named: Json, value: Any, characters: int, schemas: SchemaChecker) -> CheckResult:
    if named.get("schema") is None:
        return passed(SCHEMA)
    finding = schemas.check(named["schema"], value, characters)
    if finding.verdict == Verdict.PASS:
        return passed(SCHEMA)
    if finding.verdict == Verdict.FAIL:
        return failed(SCHEMA, finding.detail, at=finding.at)
    return cannot_tell(SCHEMA, finding.detail)
