"""The ledger's JSON becomes a tree of lines; absent fields are passed over."""

from typing import Any

from services.console.domain.story import Node, story_tree

AT = "2026-05-04T12:00:00Z"


def told(**request: Any) -> dict[str, Any]:
    return {
        "request": {
            "request_id": "r1",
            "state": "completed",
            "status": "verified",
            "task": "extraction",
            "profile_why": "it asks for JSON",
            "lane": "simple",
            "trace_id": "t1",
            "admitted_at": AT,
            "ended_at": "2026-05-04T12:00:00.900000Z",
            **request,
        },
        "attempts": [attempt(1, "rejected"), attempt(2, "accepted")],
        "escalations": [
            {
                "number": 2,
                "action": "repair",
                "reason": "check_failed",
                "detail": "mend",
                "said_at": "2026-05-04T12:00:00.2Z",
            }
        ],
        "feedback": [{"source": "user", "score": 1.0, "label": "right", "recorded_at": "2026-05-04T12:01:00Z"}],
        "totals": {"attempts": 2, "cost_micro_usd": 70},
    }


def attempt(number: int, outcome: str) -> dict[str, Any]:
    verdict = "pass" if outcome == "accepted" else "fail"
    return {
        "number": number,
        "role": "primary",
        "model": "small",
        "provider": "local",
        "outcome": outcome,
        "why": "the cheapest",
        "exclusions": [{"model": "large", "provider": "azure", "why": "dearer"}],
        "dispatched_at": AT,
        "completed_at": "2026-05-04T12:00:00.100000Z",
        "judged_at": "2026-05-04T12:00:00.150000Z",
        "input_tokens": 10,
        "output_tokens": 5,
        "reasoning_tokens": 2,
        "cost_micro_usd": 35,
        "latency_ms": 100,
        "checks": [{"name": "schema", "verdict": verdict, "pointer": "/total", "detail": None}],
        "failures": [],
    }


def flat(node: Node) -> list[tuple[int | None, str]]:
    return [(node.after_ms, node.text), *(line for child in node.children for line in flat(child))]


def test_a_story_is_told_in_order_with_times() -> None:
    tree = story_tree(told())

    assert [(node.after_ms, node.text) for node in tree.children] == [
        (0, "task extraction (it asks for JSON)"),
        (0, "attempt 1 (primary): small at local: rejected"),
        (200, "escalated: repair, because check_failed"),
        (0, "attempt 2 (primary): small at local: accepted"),
        (900, "completed (verified): 2 attempts, $0.00007"),
        (60_000, "feedback of user: 1.0 (right)"),
    ]


def test_looks_are_no_escalations_and_a_person_is_told_after_the_last_attempt() -> None:
    turns = [
        {"number": 2, "action": "judge", "reason": "unjudged", "said_at": AT},
        {"number": 3, "action": "human", "reason": "undecided", "said_at": AT, "detail": "no path is left"},
    ]
    texts = [text for _, text in flat(story_tree({**told(), "escalations": turns}))]

    assert "then: judge, because unjudged" in texts
    person = texts.index("escalated: human, because undecided")
    assert texts[person + 1 : person + 3] == ["no path is left", "completed (verified): 2 attempts, $0.00007"]


def test_an_attempt_tells_why_what_it_cost_and_its_checks() -> None:
    lines = flat(story_tree(told()).children[1])

    assert (None, "not large: dearer") in lines
    assert (100, "answered: 100 ms, 10 tokens in, 5 out (2 of reasoning), $0.000035") in lines
    assert (150, "✗ schema at /total") in lines


def test_a_third_model_that_took_the_seconds_answer_says_whose_it_is() -> None:
    third = attempt(3, "accepted") | {"role": "agreement", "given_by": 2}
    texts = [text for _, text in flat(story_tree({**told(), "attempts": [third]}))]

    assert "attempt 3 (agreement): small at local: accepted, takes the answer of attempt 2" in texts


def test_a_call_that_was_given_up_says_how_late_it_came_to_its_end_and_what_that_cost() -> None:
    given_up = attempt(1, "failed") | {"completed_at": None, "checks": [], "settled_late_ms": 3_240}
    answered = given_up | {"settled_at": "2026-05-04T12:00:05Z"}
    refused = answered | {"settled_reason": "rate_limited", "cost_micro_usd": 0}
    refused |= {"input_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0}
    lines = flat(story_tree({**told(), "attempts": [answered, refused | {"number": 2}]}))

    assert (
        5_000,
        "answered 3.2 s after its time, for nobody: 10 tokens in, 5 out (2 of reasoning), $0.000035",
    ) in lines
    assert (5_000, "failed as rate_limited 3.2 s after its time, for nobody: 0 tokens in, 0 out, $0") in lines


def test_a_request_that_is_hardly_known_is_told_as_far_as_it_goes() -> None:
    tree = story_tree({"request": {"request_id": "r1", "state": "open"}, "attempts": [], "escalations": []})

    assert [node.text for node in tree.children] == ["task not profiled yet", "still open"]


def test_an_answer_from_the_cache_names_the_request_whose_it_was() -> None:
    story = {**told(recalled_from="r0"), "attempts": [], "escalations": [], "totals": {"cost_micro_usd": 0}}

    assert (900, "completed (verified), from the cache, with the answer to r0: 0 attempts, $0") in flat(
        story_tree(story)
    )


def test_a_request_that_a_person_may_still_answer_says_until_when_and_its_end_that_it_came_late() -> None:
    late = {"deferred_at": AT, "deferred_until": "2026-05-04T14:00:00Z"}
    open_ = told(state="deferred", status=None, ended_at=None, deferred_detail="clerks were asked", **late)
    end = story_tree({**open_, "feedback": []}).children[-1]
    assert end.text == "past its deadline, and a person may answer until 2026-05-04 14:00:00Z: 2 attempts, $0.00007"
    assert [each.text for each in end.children] == ["clerks were asked"]
    end = story_tree({**told(status="human", **late), "feedback": []}).children[-1]
    assert end.text == "completed (human), after its deadline: 2 attempts, $0.00007"


def test_a_failure_says_what_would_help() -> None:
    tree = story_tree(told(state="failed", status=None, reason="tiers_spent", detail="lanes.simple.tiers would help"))
    end = tree.children[4]

    assert (end.text, end.mood) == ("failed, tiers_spent: 2 attempts, $0.00007", "bad")
    assert [child.text for child in end.children] == ["lanes.simple.tiers would help"]
