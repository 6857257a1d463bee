"""The document: its shape, its references and its revisions' names."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.example_request import DOCUMENT, portfolio
from schemas.portfolio import Portfolio


def changed(path: str, value: Any) -> dict[str, Any]:
    document: Any = deepcopy(DOCUMENT)
    part = document
    *steps, last = path.split("/")
    for step in steps:
        part = part[int(step)] if isinstance(part, list) else part[step]
    part[int(last) if isinstance(part, list) else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("defaults/lane", "simpel", 'there is no lane "simpel"'),
        ("lanes/simple/tasks", ["fax"], 'there is no task "fax"'),
        ("lanes/simple/tiers", [["smal"]], 'there is no model "smal"'),
        ("lanes/simple/tiers", [], "at least 1 item"),
        ("lanes/simple/tiers", [[]], "at least 1 item"),
        ("lanes/simple/tiers", [["small"], ["small"]], '"small" stands in tier 1 of this lane already'),
        ("lanes/simple/tasks", ["invoice"], "a task has one lane"),
        ("lanes/simple/colour", "blue", "colour"),
        ("lanes/simple/max_attempts", 0, "max_attempts"),
        ("lanes/critical/on_fail", {"schema": "again"}, "only after it refused"),
        ("lanes/simple/checks", [{"format": {}, "agreement": {}}], "a check is a name"),
        ("models/small/endpoints/0/provider", "lokal", 'there is no provider "lokal"'),
        ("models/small/endpoints", [], "at least 1 item"),
        ("models/small/rollback_to", "small", "cannot be rolled back to itself"),
        ("lanes/simple/mirror", {"lane": "simpel", "share": 0.1}, 'there is no lane "simpel"'),
        ("lanes/simple/mirror", {"lane": "simple", "share": 0.1}, "a lane cannot mirror itself"),
        ("lanes/simple/mirror", {"lane": "critical", "share": 1.1}, "share"),
        ("models/small/endpoints/0/price", {"input": "1"}, "either input and output, or usd_per_hour"),
        ("models/small/endpoints/0/price", {"input": "-1", "output": "1"}, "input"),
        ("providers/local/base_url", None, "needs base_url"),
        ("providers/azure/api_key_env", "sk-a-key-itself", "api_key_env"),
        ("providers/azure/adapter", "telepathy", "adapter"),
        ("providers/local/concurrency", 0, "concurrency"),
        ("models/small/also_called", ["small"], "models.small.also_called.0: .* is a model's name already"),
        ("models/small/also_called", ["critical"], "is a lane's name already"),
        ("models/small/also_called", ["a/b", "a/b"], 'is an alias of "small" already'),
        ("lanes/simple/also_called", ["auto"], "is the portfolio's choice already"),
        ("lanes/simple/also_called", ["portfolio/x"], "is a lane's address already"),
        ("lanes/simple/also_called", [" a"], "also_called"),
        ("lanes/simple/also_called", ["a\u200b"], "cannot be seen"),
        ("lanes/simple/also_called", ["x" * 201], "also_called"),
        ("lanes/simple/also_called", [], "also_called"),
    ],
)
def test_a_fault_is_named(path: str, value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("(", "\\(")):
        Portfolio.model_validate(changed(path, value))


@pytest.mark.parametrize(
    ("lane", "says"),
    [
        ({"tasks": ["loan"]}, 'task "loan" is of high risk'),
        ({"checks": ["format", {"policy": "advice"}]}, "a policy keeps answers from people"),
        ({"on_fail": {"schema": "human"}}, "a person looks at what fails here"),
        ({"reviews": {"ask": "clerks", "within_s": 60}}, "a person looks at what fails here"),
    ],
)
def test_what_is_checked_before_anyone_sees_it_is_not_streamed_live(lane: dict[str, Any], says: str) -> None:
    document = changed("lanes/simple/stream", "live")
    assert Portfolio.model_validate(document).lanes["simple"].stream == "live"
    document["tasks"]["loan"] = {"describe": "loans", "risk": "high"}
    document["policies"] = {"advice": {"require": ["No advice."]}}
    document["lanes"]["simple"] |= lane
    with pytest.raises(ValidationError, match=rf"lanes\.simple\.stream: {says}"):
        Portfolio.model_validate(document)
    document["lanes"]["simple"]["stream"] = "verified"
    assert Portfolio.model_validate(document).lanes["simple"].stream == "verified"


def test_a_lane_that_says_nothing_of_streams_keeps_its_revisions_name() -> None:
    assert b"stream" not in portfolio().to_json()


def test_a_model_stands_once_at_a_provider() -> None:
    models: Any = DOCUMENT["models"]
    endpoint = models["small"]["endpoints"][0]

    with pytest.raises(ValidationError, match="stands once at a provider"):
        Portfolio.model_validate(changed("models/small/endpoints", [endpoint, endpoint]))


def test_a_task_has_its_lane_and_others_the_default() -> None:
    assert portfolio().lane_of_task("invoice") == "critical"
    assert portfolio().lane_of_task("poetry") == "simple"


def test_a_revisions_name_follows_from_the_document() -> None:
    other = Portfolio.model_validate(changed("lanes/simple/max_attempts", 2))

    assert portfolio().digest() == portfolio().digest() != other.digest()
    assert len(portfolio().digest()) == 12


def test_a_revision_keeps_its_name_over_the_wire() -> None:
    assert Portfolio.read(portfolio().to_json()).digest() == portfolio().digest()


def test_money_stays_exact() -> None:
    price = Portfolio.read(portfolio().to_json()).models["large"].endpoints[0].price

    assert price is not None
    assert str(price.input) == "2.5"


def test_a_tenant_with_a_budget_needs_lanes_with_a_cap_since_that_is_what_is_held() -> None:
    document = changed("lanes/simple/budget_usd", None)
    assert Portfolio.model_validate(document).tenant("shop") is None
    document["tenants"] = {"shop": {"budget_usd_per_day": "5"}}
    with pytest.raises(ValidationError, match=r"lanes\.simple: a lane needs budget_usd"):
        Portfolio.model_validate(document)
    for lane in document["lanes"].values():
        lane["budget_usd"] = "0.01"
    tenant = Portfolio.model_validate(document).tenant("shop")
    assert tenant is not None
    assert (str(tenant.budget_usd_per_day), tenant.budget_usd_per_month) == ("5", None)


def test_a_review_may_go_on_after_the_deadline_and_no_longer_than_the_person_has() -> None:
    reviews = {"ask": "clerks", "within_s": 3_600, "after_deadline_s": 3_600}
    found = Portfolio.model_validate(changed("lanes/simple/reviews", reviews)).lanes["simple"].reviews
    assert found is not None
    assert found.after_deadline_s == 3_600
    with pytest.raises(ValidationError, match="after_deadline_s: a person has within_s, 60 s, in all: raise within_s"):
        Portfolio.model_validate(changed("lanes/simple/reviews", {**reviews, "within_s": 60}))
    with pytest.raises(ValidationError, match="after_deadline_s"):
        Portfolio.model_validate(changed("lanes/simple/reviews", {**reviews, "after_deadline_s": 432_001}))
