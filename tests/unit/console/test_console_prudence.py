"""What is valid and unwise is said, and what is wise is let alone."""

from datetime import timedelta
from typing import Any

import pytest
from portfolios import TODAY, document, lanes, model, portfolio, told

from schemas.portfolio import Portfolio
from services.console.domain.prudence import on_sealing


def test_a_wise_portfolio_gets_no_advice() -> None:
    assert told(portfolio()) == []


def test_a_critical_lane_wants_two_vendors() -> None:
    (says,) = told(portfolio(lanes=lanes(tiers=[["large"]])))

    assert says.startswith("lanes.critical.tiers")
    assert '"openai"' in says


def test_a_wish_for_a_person_is_told_to_be_in_vain() -> None:
    (says,) = told(portfolio(lanes=lanes(on_fail={"agreement": "human", "timeout": "up"})))

    assert says.startswith("lanes.critical.on_fail.agreement: no person is named")


def test_a_person_who_is_named_is_no_advice_unless_given_longer_than_the_request() -> None:
    wish = {"on_fail": {"agreement": "human"}, "deadline_s": 60}

    assert told(portfolio(lanes=lanes(**wish, reviews={"ask": "clerks", "within_s": 60}))) == []
    (says,) = told(portfolio(lanes=lanes(**wish, reviews={"ask": "clerks", "within_s": 61})))
    assert says == (
        "lanes.critical.reviews.within_s: a person is given 60 s at most: the lane's deadline_s"
        " (after_deadline_s would give him more)"
    )
    beyond = {"ask": "clerks", "within_s": 61, "after_deadline_s": 1}
    assert told(portfolio(lanes=lanes(**wish, reviews=beyond))) == []
    (says,) = told(portfolio(lanes=lanes(**wish, reviews={**beyond, "within_s": 62})))
    assert says.endswith("a person is given 61 s at most: the lane's deadline_s and after_deadline_s")


def test_a_critical_lane_should_not_show_what_is_not_checked() -> None:
    found = document()["lanes"]
    live = {**found, "simple": {**found["simple"], "stream": "live"}}
    assert told(portfolio(lanes=live)) == []
    (says,) = told(
        portfolio(lanes={**live, "simple": {**live["simple"], "priority": 1}, "critical": found["critical"]})
    )
    assert says == "lanes.simple.stream: a critical lane shows answers before they are checked: leave stream out"


def test_two_models_of_one_vendor_are_one_path() -> None:
    models = {**document()["models"], "larger": model("azure", {"input": "3", "output": "12"})}

    assert any(
        "one vendor" in each for each in told(portfolio(models=models, lanes=lanes(tiers=[["large"], ["larger"]])))
    )


def test_a_path_that_the_default_data_may_not_take_is_none() -> None:
    says = told(portfolio(residency={"confidential": ["on-premises"], "restricted": ["on-premises"]}))

    assert any('"local"' in each for each in says)


def test_a_lane_that_cannot_serve_the_default_data_is_told() -> None:
    found = {**document()["residency"], "confidential": ["mars"]}

    assert sum("will fail" in each for each in told(portfolio(residency=found))) == 2


@pytest.mark.parametrize(("days", "expected"), [(30, "retires in 30 days"), (-3, "3 days ago"), (200, None)])
def test_a_model_near_its_end_wants_a_successor(days: int, expected: str | None) -> None:
    leaving = model("azure", {"input": "2.5", "output": "10"}, retires=(TODAY + timedelta(days)).isoformat())
    says = told(portfolio(models={**document()["models"], "large": leaving}))

    assert [each for each in says if expected and expected in each] == ([] if expected is None else says)
    assert bool(says) == (expected is not None)


def test_a_successor_in_the_same_tier_is_enough() -> None:
    leaving = model("azure", retires=(TODAY + timedelta(10)).isoformat())
    models = {**document()["models"], "old": leaving}
    beside = {name: {**lane, "tiers": [["small"], ["large", "old"]]} for name, lane in document()["lanes"].items()}

    assert told(portfolio(models=models, lanes=beside)) == []


def test_sensitive_data_wants_a_residency() -> None:
    says = told(portfolio(residency={}))

    assert [each.split(":")[1] for each in says] == [
        " no residency for confidential data",
        " no residency for restricted data",
    ]


def test_a_residency_without_a_provider_is_told() -> None:
    found = {**document()["residency"], "internal": ["moon"]}

    assert any("residency.internal: no provider is in moon" in each for each in told(portfolio(residency=found)))


def test_a_later_tier_that_costs_less_is_told() -> None:
    (says,) = told(portfolio(lanes=lanes(tiers=[["large"], ["small"]])))

    assert says.startswith("lanes.critical.tiers.1: tier 2 costs $0.139")


def test_attempts_that_cannot_reach_the_last_tier_are_told() -> None:
    assert told(portfolio(lanes=lanes(max_attempts=1)))[0].startswith(
        "lanes.critical.max_attempts: 1 attempts cannot reach tier 2"
    )


def test_a_patience_as_long_as_the_deadline_is_told() -> None:
    (says,) = told(portfolio(lanes=lanes(deadline_s=20, patience_s=20)))

    assert says.startswith("lanes.critical.patience_s: a patience that is no shorter than the lane's deadline of 20 s")
    assert told(portfolio(lanes=lanes(deadline_s=20, patience_s=12))) == []


@pytest.mark.parametrize(
    ("lane", "changes", "why"),
    [("critical", {"explore": 0.05}, "is critical"), ("simple", {"explore": 0.05, "learns": False}, "learns nothing")],
)
def test_exploration_in_vain_is_told(lane: str, changes: dict[str, Any], why: str) -> None:
    found = document()["lanes"]

    says = told(portfolio(lanes={**found, lane: {**found[lane], **changes}}))

    assert says == [f"lanes.{lane}.explore: nothing is explored in a lane that {why}"]
    assert told(portfolio(lanes={**found, "simple": {**found["simple"], "explore": 0.05}})) == []


def test_a_wish_for_an_approved_model_where_the_lane_has_none_is_told() -> None:
    (says,) = told(portfolio(lanes=lanes(on_fail={"agreement": "approved"})))

    assert says.startswith("lanes.critical.on_fail.agreement: no model of its tiers is policy_approved")


def test_an_approved_model_outside_a_lane_that_checks_a_policy_is_told() -> None:
    policies = {"advice": {"require": ["This is not legal advice."]}}
    models = document()["models"]
    models["other"] = models["large"]
    serving = lanes(checks=[{"policy": "advice"}])
    at = "lanes.critical.tiers: no model of its tiers is policy_approved"

    def found(name: str) -> list[str]:
        approved = {**models, name: {**models[name], "policy_approved": True}}
        return [says for says in told(portfolio(models=approved, lanes=serving, policies=policies)) if at in says]

    assert found("large") == []
    assert len(found("other")) == 1


@pytest.mark.parametrize(
    ("ask", "lifecycle", "says"),
    [
        (["small"], "active", ["lanes.critical.checks.1.judge: this model would judge its own answers"]),
        (["small", "large"], "active", []),
        (["grader"], "active", []),
        (["grader"], "retired", ["lanes.critical.checks.1.judge: none of these models serves any more"]),
    ],
)
def test_a_judge_serves_and_is_not_alone_with_its_own_answers(ask: list[str], lifecycle: str, says: list[str]) -> None:
    models = {**document()["models"], "grader": model("local", lifecycle=lifecycle)}
    lanes_judged = lanes(checks=["citations", {"judge": {"ask": ask}}])
    found = [each for each in told(portfolio(models=models, lanes=lanes_judged)) if "judge" in each]

    assert [each.startswith(start) for each, start in zip(sorted(found), [*says, *_idle(ask)], strict=True)] == [
        True
    ] * len(found)


def _idle(ask: list[str]) -> list[str]:
    return [] if "grader" in ask else ["models.grader: no lane has it in a tier, or as a judge"]


def test_what_stands_idle_is_told() -> None:
    models = {**document()["models"], "spare": model("other")}
    providers = {**document()["providers"], "other": {"adapter": "litellm"}}
    says = told(portfolio(models=models, providers=providers))

    assert [each.split(":")[0] for each in says] == ["models.spare", "providers.other"]


def test_a_task_without_a_lane_goes_to_the_default_one() -> None:
    assert any("its risk is high" in each for each in told(portfolio(lanes=lanes(tasks=[]))))


def test_a_client_that_may_not_send_the_default_class_is_told() -> None:
    clients = {"bank": {"data_classes": ["public"]}, "shop": {"data_classes": [document()["defaults"]["data_class"]]}}
    (says,) = told(portfolio(clients=clients))
    assert says.startswith("clients.bank.data_classes: it may not send ")


def test_a_cache_that_the_default_class_never_uses_is_told() -> None:
    (says,) = told(portfolio(lanes=lanes(cache={"for_s": 60})))

    assert says.startswith("lanes.critical.cache: nothing is kept of confidential requests")
    defaults = {**document()["defaults"], "data_class": "internal"}
    assert not [
        each for each in told(portfolio(lanes=lanes(cache={"for_s": 60}), defaults=defaults)) if "cache" in each
    ]


def test_a_second_model_that_embeds_is_told_to_be_asked_by_name_only() -> None:
    cheap = {**model("azure", {"input": "0.02", "output": "0"}), "abilities": ["embeddings"]}
    models = {**document()["models"], "vectors-a": cheap, "vectors-b": cheap}
    found = {**document()["lanes"], "search": {"tiers": [["vectors-a"], ["vectors-b"]]}}
    (says,) = told(portfolio(models=models, lanes=found))

    assert says.startswith('lanes.search.tiers.1.0: embeddings of this lane are those of "vectors-a"')


def test_a_model_that_only_embeds_is_no_cheaper_tier() -> None:
    cheap = {**model("azure", {"input": "0.02", "output": "0"}), "abilities": ["embeddings"]}
    tiers = [*document()["lanes"]["critical"]["tiers"], ["vectors"]]

    assert told(portfolio(models={**document()["models"], "vectors": cheap}, lanes=lanes(tiers=tiers))) == []


@pytest.mark.parametrize(
    ("changes", "has_keys", "path"),
    [
        ({}, False, [("defaults", "data_class")]),
        ({"sealed": ["restricted"]}, False, [("sealed",)]),
        ({"sealed": []}, False, []),
        ({"sealed": ["restricted"]}, True, []),
        ({"defaults": {"data_class": "internal", "lane": "simple"}, "residency": {}}, False, []),
    ],
)
def test_confidential_classes_without_keys_are_named(
    changes: dict[str, Any], has_keys: bool, path: list[tuple[str, ...]]
) -> None:
    found = on_sealing(Portfolio.of({**document(), **changes}), has_keys=has_keys)
    assert [each.path for each in found] == path
    assert all("SEALING_KEYS is not set here" in each.says for each in found)


def test_only_what_may_be_kept_from_people_is_sealed() -> None:
    with pytest.raises(ValueError, match="name confidential or restricted"):
        Portfolio.of({**document(), "sealed": ["internal"]})


def test_a_confidence_that_nobody_tells_is_asked_for_in_vain() -> None:
    asks = lanes(checks=["citations", {"confidence": {"at_least": 0.9}}])
    models = document()["models"]
    (says,) = [each for each in told(portfolio(lanes=asks)) if "confidence" in each]
    assert says.startswith("lanes.critical.checks: confidence cannot be told")
    tellers = {
        name: {**entry, "abilities": [*entry.get("abilities", ["chat"]), "logprobs"]} for name, entry in models.items()
    }
    assert not [each for each in told(portfolio(lanes=asks, models=tellers)) if "confidence" in each]


def test_an_ability_that_nothing_asks_for_is_told_with_the_nearest_right_word() -> None:
    small = {**document()["models"]["small"], "abilities": ["chat", "jsn"]}
    (says,) = told(portfolio(models={**document()["models"], "small": small}))
    assert says == 'models.small.abilities.1: no request needs the ability "jsn"; did you mean "json"?'
