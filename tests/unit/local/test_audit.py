"""What an audit says: vulnerable, not known to be, or not looked at, and never the second for the third."""

import json

import pytest

from infra.local.audit import FOUND, NOT_ASKED, verdict


def told(*vulnerabilities: dict[str, object]) -> str:
    package = {"name": "jinja2", "version": "2.4.1", "vulns": list(vulnerabilities)}
    return json.dumps({"dependencies": [package, {"name": "idna", "version": "3.4", "vulns": []}], "fixes": []})


def test_a_vulnerability_is_told_with_the_version_that_mends_it() -> None:
    found = verdict("a.lock", told({"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}), "")
    assert found.code == FOUND
    assert found.lines == ("a.lock: jinja2 2.4.1: PYSEC-2014-8, mended in 2.7.2",)


def test_one_that_nothing_mends_is_told_so() -> None:
    assert "mended in no version yet" in verdict("a.lock", told({"id": "X-1", "fix_versions": []}), "").lines[0]


def test_nothing_known_is_good() -> None:
    assert verdict("a.lock", told(), "a warning") == verdict("a.lock", told(), "")
    assert verdict("a.lock", told(), "").code == 0


@pytest.mark.parametrize("answer", ["", "no JSON", "[]", "{}", "null"])
def test_no_answer_is_not_a_good_one(answer: str) -> None:
    found = verdict("a.lock", answer, "Traceback ...\nConnectionError: api.osv.dev\n")
    assert found.code == NOT_ASKED
    assert "NOT LOOKED AT" in found.lines[0]
    assert "api.osv.dev" in found.lines[0]
