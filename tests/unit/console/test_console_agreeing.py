"""What a lane wants of second and third opinions in vain is said."""

from typing import Any

from portfolios import document, lanes, model, portfolio, told


def test_agreement_wants_a_second_model() -> None:
    says = told(portfolio(lanes=lanes(tiers=[["small"]], checks=["format", {"agreement": {}}])))

    assert "lanes.critical.checks.1: agreement needs a second model in this lane" in says


def test_a_third_opinion_that_nobody_can_give_is_told() -> None:
    checks = ["format", {"agreement": {"opinions": 3}}]
    at = "lanes.simple.checks.1.agreement.opinions: no third is asked: "
    simple = document()["lanes"]["simple"] | {"checks": checks, "tasks": ["faq"]}
    models = document()["models"]
    more = {name: model("azure") for name in ("second", "third", "fourth") if name not in models}
    four = {"tiers": [["small", "second"], ["third"], ["fourth"]], "max_attempts": 4}

    def of_opinions(**changes: Any) -> list[str]:
        found = document()["lanes"] | {"simple": simple | four | changes}
        return [says for says in told(portfolio(lanes=found, models=models | more)) if "opinions" in says]

    assert of_opinions() == []
    few = "max_attempts is 3, and a stronger model must be left one should all three differ"
    assert of_opinions(max_attempts=3) == [at + few]
    flat = "it takes three models in tiers below the one that answers where all differ"
    assert of_opinions(tiers=[["small", "second"], ["third", "fourth"]]) == [at + flat]


def test_a_third_that_is_left_to_the_plan_in_vain_is_told() -> None:
    checks = ["format", {"agreement": {"opinions": "planned"}}]
    at = "lanes.simple.checks.1.agreement.opinions: no third is asked: "
    models = document()["models"] | {name: model("azure") for name in ("second", "third", "fourth")}
    tiers = [["small"], ["second"], ["third"], ["fourth"]]
    lane = document()["lanes"]["simple"] | {"checks": checks, "tasks": ["faq"], "max_attempts": 4, "tiers": tiers}

    def left(small: Any = None, **changes: Any) -> list[str]:
        told_of = models | {"small": models["small"] | {"priors": {"faq": small} if small else None}}
        found = portfolio(lanes=document()["lanes"] | {"simple": lane | changes}, models=told_of)
        return [says for says in told(found) if "opinions" in says]

    settled = {"by": "third", "success": 0.1, "false_accepts": 0.02}
    confirmed = {"by": "second", "success": 0.8, "false_accepts": 0.01, "third": settled}
    assert left({"success": 0.9, "false_accepts": 0.1, "source": "backtest-1", "confirmed": confirmed}) == []
    assert left() == [f'{at}nothing recorded says what it is worth for "faq": `portfolio priors` learns it']
    assert left(learns=False) == [f"{at}a lane that learns nothing makes no plans"]
    assert left(priority=1) == [f"{at}in a critical lane no plan has one"]
    few = "max_attempts is 3, and a stronger model must be left one should all three differ"
    assert left(max_attempts=3) == [at + few]


def test_agreement_that_is_left_to_the_plan_in_vain_is_told() -> None:
    planned = {"checks": ["format", {"agreement": {"when": "planned"}}]}
    simple = {**document()["lanes"]["simple"], **planned}
    at = "lanes.{}.checks.1.agreement.when: agreement is always asked for: {}"

    def left(**more: Any) -> list[str]:
        return told(portfolio(lanes={**document()["lanes"], "simple": {**simple, **more}}))

    assert told(portfolio(lanes=lanes(**planned))) == [at.format("critical", "a critical lane is never without it")]
    assert left(learns=False) == [at.format("simple", "a lane that learns nothing makes no plans")]
    unknown = 'nothing recorded says what it is worth for "faq": `portfolio priors` learns it'
    assert left() == [at.format("simple", unknown)]


def test_a_threshold_that_is_left_to_the_plan_in_vain_is_told() -> None:
    found = document()["lanes"]["simple"] | {"checks": ["format", {"agreement": {"threshold": "planned"}}]}
    at = "lanes.simple.checks.1.agreement.threshold: the threshold is the fixed one: "

    def left(**more: Any) -> list[str]:
        return told(portfolio(lanes={**document()["lanes"], "simple": {**found, **more}}))

    assert left(learns=False) == [f"{at}a lane that learns nothing makes no plans"]
    assert left() == [f'{at}nothing recorded says what it is worth for "faq": `portfolio priors` learns it']


def left_to_a_plan(*others: Any, **bar: Any) -> list[str]:
    """What is told of a lane whose plan knows what agreement is worth."""
    confirmed = {"by": "large", "success": 0.8, "false_accepts": 0.01}
    prior = {"success": 0.9, "false_accepts": 0.1, "source": "backtest-1", "confirmed": confirmed}
    models, found = document()["models"], document()["lanes"]
    found["simple"] |= {"checks": [{"agreement": {"when": "planned"}}, *others], "bar": bar}
    return told(portfolio(models={**models, "small": {**models["small"], "priors": {"faq": prior}}}, lanes=found))


def test_agreement_that_is_left_to_a_plan_that_knows_its_worth_is_no_advice() -> None:
    assert left_to_a_plan() == []


def test_a_plan_never_does_without_the_one_check_that_vouches_for_answers() -> None:
    says = "lanes.simple.checks.0.agreement.when: agreement is always asked for: " + (
        "the lane has a bar on compliance_risk, and no other check vouches for every answer"
    )
    basics, of_form = ["not_empty", "not_cut_off", "not_refused"], ["format", "schema", "tool_calls", "vectors"]
    for others in ([], ["format"], [*basics, *of_form, "citations", "demands", "arithmetic", "language"]):
        assert left_to_a_plan(*others) == []
        assert left_to_a_plan(*others, compliance_risk=5) == [says]
    assert left_to_a_plan({"words": {"less_than": 90}}, compliance_risk=5) == []
    assert says in left_to_a_plan("confidence", compliance_risk=5)
