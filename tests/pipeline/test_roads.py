"""The roads a request can take to its end: straight, mended, around a failing provider, up, or nowhere."""

import json

from pipeline.conftest import RECORDED
from pipeline.document import COSTS
from pipeline.requests import reasons, steps
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, fails, says
from pipeline.stack import Pipeline
from schemas.attempt import AttemptDispatched
from schemas.content import Json
from schemas.money import micro_from_usd, usd_from_micro
from schemas.outcome import RequestCompleted


def assert_costs_add_up(story: Json, end: RequestCompleted) -> None:
    """What the attempts cost, what the ledger sums up, and what the client was told are one number."""
    attempts = [attempt["cost_micro_usd"] for attempt in story["attempts"]]
    assert sum(attempts) == story["totals"]["cost_micro_usd"] == story["request"]["cost_micro_usd"]
    assert story["totals"]["cost_at_close_micro_usd"] == sum(attempts) == micro_from_usd(end.cost_usd)


def verdict_of(attempt: Json, name: str) -> str:
    """What the ledger holds of this check of an attempt."""
    return next(check["verdict"] for check in attempt["checks"] if check["name"] == name)


def test_an_answer_that_passes_ends_the_request(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(metadata={"ticket": 4711}))
    end = pipeline.completed(request_id)
    assert (end.model, end.provider, end.attempts, end.lane) == ("small", "acme", 1, "simple")
    assert end.status == "unverified", "nothing was checked beyond its form"
    assert end.answer == {"message": {"role": "assistant", "content": "Seven."}, "finish_reason": "stop"}
    assert (end.usage.input_tokens, end.usage.output_tokens) == (10, 5)
    assert micro_from_usd(end.cost_usd) == COSTS["acme-small"]
    assert end.metadata == {"ticket": 4711}
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["state"], story["attempts"][0]["outcome"]) == ("completed", "accepted")
    assert_costs_add_up(story, end)


def test_an_answer_that_satisfies_its_schema_is_verified(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(RIGHT)]})
    end = pipeline.completed(pipeline.submit(script.request(response_format=NUMBER_SCHEMA)))
    assert (end.status, end.task) == ("verified", "extraction")
    assert {check.name: check.verdict for check in end.checks}["schema"] == "pass"


def test_a_rejected_answer_is_mended_by_the_model_that_gave_it(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "small", 2)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("repair", "check_failed")]
    assert_costs_add_up(story, end)
    [asked, answered, told] = script.asked[1]["messages"]
    assert asked["content"] == script.question
    assert answered == {"role": "assistant", "content": WRONG}
    assert told["role"] == "user"
    assert "/number" in told["content"], "the model is told where its answer is wrong"


def test_a_demand_that_the_request_makes_is_checked_and_told_to_the_model(pipeline: Pipeline) -> None:
    demands = [{"name": "no_commas"}, {"name": "occurrences", "text": "sea", "at_least": 2}]
    demands.append({"name": "occurrences", "text": "sky", "exactly": 1})
    good = "The sea and the sea and the sky."
    script = pipeline.scripts.expect({"acme-small": [says("The sea, the sky."), says(good)]})
    request_id = pipeline.submit(script.request(checks=demands))
    end = pipeline.completed(request_id)
    assert (end.status, end.attempts) == ("verified", 2)
    assert [check.verdict for check in end.checks if check.name == "occurrences"] == ["pass", "pass"]
    told = script.asked[1]["messages"][-1]["content"]
    assert "comma" in told
    assert "at least 2" in told
    story = pipeline.ledger.story(request_id)
    assert [check["verdict"] for check in story["attempts"][0]["checks"] if check["name"] == "occurrences"] == [
        "fail",
        "pass",
    ]
    assert_costs_add_up(story, end)


def test_an_answer_that_cites_a_source_nobody_gave_is_mended(pipeline: Pipeline) -> None:
    sources = [{"id": "s1", "text": "The shop opens at 10 on Sundays."}, {"id": "s2", "text": "Dogs may come in."}]
    bad, good = 'It says "the shop opens at 10" [s7].', 'It says "the shop opens at 10" [s1].'
    script = pipeline.scripts.expect({"acme-small": [says(bad), says(good)]})
    request_id = pipeline.submit(
        script.request(sources=sources, checks=[{"name": "citations", "every_sentence": True}])
    )
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "small", 2)
    assert {check.name: check.verdict for check in end.checks}["citations"] == "pass"
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("repair", "check_failed")]
    assert [verdict_of(attempt, "citations") for attempt in story["attempts"]] == ["fail", "pass"]
    assert "cites a source that was not given" in script.asked[1]["messages"][-1]["content"]
    assert_costs_add_up(story, end)


def test_an_answer_that_breaks_its_lanes_policy_goes_up(pipeline: Pipeline) -> None:
    bad, good = "Pay with 4111 1111 1111 1111.", "Wait a day. This is not legal advice."
    script = pipeline.scripts.expect({"acme-small": [says(bad)], "backup-strong": [says(good)]})
    request_id = pipeline.submit(script.request(lane="ruled"))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "strong", 2)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("up", "check_failed")]
    assert [verdict_of(attempt, "policy") for attempt in story["attempts"]] == ["fail", "pass"]
    assert_costs_add_up(story, end)


def test_an_answer_that_cannot_be_mended_goes_up_a_tier(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says("seven")], "acme-middle": [says(RIGHT)]})
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "middle", 3)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("repair", "check_failed"), ("up", "check_failed")]
    assert [attempt["tier"] for attempt in story["attempts"]] == [0, 0, 1]
    assert_costs_add_up(story, end)
    [asked] = script.asked[2]["messages"]
    assert asked["content"] == script.question, "the next model is not shown what another got wrong"


def test_a_failing_provider_is_gone_around_and_then_up(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [fails(503)], "backup-small": [fails(429)], "acme-middle": [says("Seven.")]}
    )
    request_id = pipeline.submit(script.request())
    end = pipeline.completed(request_id)
    assert (end.model, end.attempts) == ("middle", 3)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("sideways", "provider_error"), ("up", "rate_limited")]
    assert reasons(story) == [
        ("small", "acme", "provider_error"),
        ("small", "backup", "rate_limited"),
        ("middle", "acme", None),
    ]
    assert_costs_add_up(story, end)


def test_a_second_model_that_agrees_confirms_the_first_answer(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("It is 42.")], "acme-middle": [says("42")]})
    request_id = pipeline.submit(script.request(lane="agreed"))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "small", 2)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "It is 42.", "the answer is the first model's"
    assert script.models() == ["acme-small", "acme-middle"]
    assert script.asked[1]["messages"] == script.asked[0]["messages"], "the second model is not shown the answer"
    story = pipeline.ledger.story(request_id)
    assert [attempt["role"] for attempt in story["attempts"]] == ["primary", "agreement"]
    assert steps(story) == [("agreement", "doubted")]
    assert_costs_add_up(story, end)


def test_a_second_model_that_disagrees_sends_the_request_up(pipeline: Pipeline) -> None:
    answers = {"acme-small": [says("It is 42.")], "acme-middle": [says("It is 17.")], "backup-strong": [says("42.")]}
    script = pipeline.scripts.expect(answers)
    request_id = pipeline.submit(script.request(lane="agreed"))
    end = pipeline.completed(request_id)
    assert (end.model, end.attempts) == ("strong", 3)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("agreement", "doubted"), ("up", "disagreed")]
    assert_costs_add_up(story, end)


def test_a_third_model_settles_what_two_differ_on_and_its_answer_may_be_the_seconds(pipeline: Pipeline) -> None:
    answers = {"acme-small": [says("It is 42.")], "abroad-large": [says("It is 17.")], "acme-middle": [says("17")]}
    script = pipeline.scripts.expect(answers)
    request_id = pipeline.submit(script.request(lane="settled"))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.provider, end.attempts) == ("verified", "large", "abroad", 3)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "It is 17.", "the answer is the second model's"
    assert script.asked[2]["messages"] == script.asked[0]["messages"], "the third model is shown neither answer"
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("agreement", "doubted"), ("agreement", "disagreed")]
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["doubted", "doubted", "accepted"]
    assert [attempt["given_by"] for attempt in story["attempts"]] == [None, None, 2]
    assert [verdict_of(attempt, "agreement") for attempt in story["attempts"]] == ["doubt", "doubt", "pass"]
    assert_costs_add_up(story, end)


def test_a_third_model_that_differs_too_sends_the_request_up(pipeline: Pipeline) -> None:
    answers = {name: [says(f"It is {number}.")] for number, name in enumerate(("acme-small", "abroad-large"), 17)}
    script = pipeline.scripts.expect(answers | {"acme-middle": [says("42")], "backup-strong": [says("43")]})
    request_id = pipeline.submit(script.request(lane="settled"))
    end = pipeline.completed(request_id)
    assert (end.model, end.attempts, end.status) == ("strong", 4, "unverified")
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("agreement", "doubted"), ("agreement", "disagreed"), ("up", "disagreed")]
    assert_costs_add_up(story, end)


def test_a_plan_has_a_third_settle_what_two_differ_on_where_that_pays(pipeline: Pipeline) -> None:
    """Of sums nothing but good was recorded of the third; of riddles it mostly takes the wrong answer."""
    answers = {"acme-small": [says("It is 42.")], "abroad-large": [says("It is 17.")], "acme-middle": [says("17")]}
    script = pipeline.scripts.expect(answers)
    request_id = pipeline.submit(script.request(lane="weighed", task="sums"))
    end = pipeline.completed(request_id)
    assert (end.status, end.model, end.attempts) == ("verified", "large", 3)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("agreement", "doubted"), ("agreement", "disagreed")]
    assert "small with large → middle settles → strong: success 98.0%" in story["attempts"][0]["why"]
    assert_costs_add_up(story, end)


def test_a_plan_has_no_third_where_it_was_misled(pipeline: Pipeline) -> None:
    answers = {"acme-small": [says("It is 42.")], "abroad-large": [says("It is 17.")], "acme-middle": [says("17")]}
    script = pipeline.scripts.expect(answers)
    request_id = pipeline.submit(script.request(lane="weighed", task="riddles"))
    end = pipeline.completed(request_id)
    assert (end.model, end.attempts, end.status) == ("middle", 3, "unverified"), "it answers, and settles nothing"
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("agreement", "doubted"), ("up", "disagreed")]
    assert "a third refused: with it small with large → middle settles" in story["attempts"][0]["why"]
    assert_costs_add_up(story, end)


def test_an_end_without_an_answer_names_the_line_of_the_portfolio_that_would_help(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-middle": [says(WRONG), says(WRONG)]})
    request_id = pipeline.submit(script.request(lane="alone", response_format=NUMBER_SCHEMA))
    end = pipeline.failed(request_id)
    assert (end.reason, end.attempts) == ("tiers_spent", 2)
    assert "lanes.alone.tiers" in end.detail
    assert "the last answer failed schema" in end.detail
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["state"], story["request"]["reason"]) == ("failed", "tiers_spent")
    assert micro_from_usd(end.cost_usd) == 2 * COSTS["acme-middle"] == story["totals"]["cost_micro_usd"]


def test_a_budget_ends_the_road_early(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    enough_for_one = usd_from_micro(COSTS["acme-small"] + 1)
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA, budget_usd=enough_for_one))
    end = pipeline.failed(request_id)
    assert (end.reason, end.attempts, end.cost_usd) == ("budget_spent", 1, usd_from_micro(COSTS["acme-small"]))
    assert script.models() == ["acme-small"]


def test_a_pinned_model_is_the_only_one_asked(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"backup-strong": [says("Seven."), fails(503)]})
    end = pipeline.completed(pipeline.submit(script.request(model="strong")))
    assert (end.model, end.attempts) == ("strong", 1)
    request_id = pipeline.submit(script.request(model="strong"))
    assert pipeline.failed(request_id).reason == "provider_error"
    assert script.models() == ["backup-strong", "backup-strong"]
    [attempt] = pipeline.ledger.story(request_id)["attempts"]
    excluded = {each["model"]: each["why"] for each in attempt["exclusions"]}
    assert excluded["small"] == "the client asks for strong"


def test_data_goes_only_where_its_class_may(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"abroad-large": [says("From abroad.")], "backup-strong": [says("From near.")]})
    public = pipeline.completed(pipeline.submit(script.request(lane="mixed", data_class="public")))
    assert (public.model, public.provider) == ("large", "abroad")
    confidential = pipeline.submit(script.request(lane="mixed", data_class="confidential"))
    assert pipeline.completed(confidential).provider == "backup"
    assert script.models() == ["abroad-large", "backup-strong"]
    [attempt] = pipeline.ledger.story(confidential)["attempts"]
    [exclusion] = attempt["exclusions"]
    assert exclusion["why"] == "confidential data may not go to region us"


def test_no_eligible_model_is_an_honest_end(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect()
    request_id = pipeline.submit(script.request(lane="abroad", data_class="restricted"))
    end = pipeline.failed(request_id)
    assert (end.reason, end.cost_usd) == ("no_eligible_model", "0")
    assert "restricted data may not go to region us" in end.detail
    assert "lanes.abroad.tiers" in end.detail
    assert script.asked == [], "nothing left the house"
    assert pipeline.ledger.story(request_id)["request"]["reason"] == "no_eligible_model"


def test_recorded_answers_are_given_where_they_are_held_and_passed_over_where_not(pipeline: Pipeline) -> None:
    held = {"messages": [{"role": "user", "content": RECORDED}], "lane": "replayed"}
    end = pipeline.completed(pipeline.submit(held))
    assert (end.model, end.provider, end.attempts) == ("parrot", "recorded", 1)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "A parrot."
    script = pipeline.scripts.expect({"backup-strong": [says("A lyrebird.")]})
    request_id = pipeline.submit(script.request(lane="replayed"))
    assert pipeline.completed(request_id).model == "strong"
    dispatched = pipeline.log.one(request_id, "attempt.dispatched.backup")
    assert isinstance(dispatched.event, AttemptDispatched)
    [exclusion] = dispatched.event.choice.excluded
    assert "recorded holds no recorded answer of parrot" in exclusion.why


def test_every_attempt_and_check_is_in_the_ledger(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [says(""), says(WRONG)], "backup-small": [says(WRONG), says(RIGHT)]}
    )
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    end = pipeline.completed(request_id)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("sideways", "empty"), ("repair", "check_failed")]
    assert reasons(story) == [
        ("small", "acme", "empty"),
        ("small", "backup", "check_failed"),
        ("small", "backup", None),
    ]
    told = [{check["name"]: check["verdict"] for check in attempt["checks"]} for attempt in story["attempts"]]
    assert told[0]["not_empty"] == "fail"
    assert told[1]["schema"] == "fail"
    assert told[2]["schema"] == "pass"
    [wrong] = [check for check in story["attempts"][1]["checks"] if check["verdict"] == "fail"]
    assert wrong["pointer"] == "/number"
    assert story["totals"]["output_tokens"] == 15
    assert_costs_add_up(story, end)
    assert WRONG not in json.dumps(story), "the ledger holds facts, no content"
