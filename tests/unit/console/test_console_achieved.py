"""What models achieve, as the portfolio's page tells it."""

from typing import Any

from services.console.domain.achieved import by_class


def scored(task: str, model: str, success: float | None, **more: Any) -> dict[str, Any]:
    """As the ledger tells it."""
    interval = None if success is None else [success / 2, 1.0]
    told = {"task": task, "model": model, "provider": "acme", "success": success, "interval": interval}
    counts = {"successes": 3, "failures": 1, "fresh_successes": 2.5, "fresh_failures": 0.5, "fresh_false_accepts": 0.25}
    return {**told, **counts, "mean_micro_usd": 42, "mean_latency_ms": 640, **more}


def test_paths_stand_by_class_the_best_first() -> None:
    told = by_class([scored("faq", "small", 0.5), scored("code", "one", 0.9), scored("faq", "large", 0.75)], ())
    assert [(each.task, [one.path for one in each.paths]) for each in told] == [
        ("code", ["one@acme"]),
        ("faq", ["large@acme", "small@acme"]),
    ]


def test_a_path_is_told_with_its_range_what_it_rests_on_and_what_it_costs() -> None:
    ((small,),) = (each.paths for each in by_class([scored("faq", "small", 0.5)], {"small@acme"}))
    assert (small.success, small.low, small.high, small.recent) == (0.5, 0.25, 1.0, 3.0)
    assert (small.right, small.wrong, small.false_accepts) == (3, 1, 0.25)
    assert (small.usd_each, small.latency_ms, small.known) == ("0.000042", 640, True)


def test_a_path_that_left_the_portfolio_is_told_and_one_that_was_never_judged_is_not() -> None:
    ((gone,),) = (
        each.paths for each in by_class([scored("faq", "gone", 0.5), scored("faq", "new", None)], {"new@acme"})
    )
    assert (gone.path, gone.known) == ("gone@acme", False)
