"""What it takes to plan a request by scores: ``python -m tests.performance.planning``. One process, no Kafka.

50 models in three tiers of one lane, 20 task classes, all scored; requests of all classes in turn. The time without
scores is measured beside it, and what a plan takes when it is prepared anew.
"""

import gc
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.attempt import Candidate
from schemas.example_request import request
from schemas.models import BUCKETS
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.standing import ModelScored, ScoreCurve
from services.router.domain.choose import choose_first, options_for
from services.router.domain.planner import Planner
from services.router.domain.scores import ScoresView
from services.router.domain.ways import WaysKept, ways_of

THIRDS = {"agreement": {"opinions": "planned"}}
ALIKE = {"agreement": {"threshold": "planned"}}
KINDS = {"": (), ", pairs": ("agreement",), ", alike": (ALIKE,), ", thirds": (THIRDS,)}
MODELS, CLASSES, REQUESTS = 50, 20, 5_000
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def portfolio(*checks: Any) -> Portfolio:
    names = [f"model-{number}" for number in range(MODELS)]
    models: dict[str, Any] = {
        name: {
            "kind": "api",
            "owner": "platform",
            "context_tokens": 128_000,
            "abilities": ["chat", "json", "tools"],
            "endpoints": [{"provider": "any", "model": name, "price": {"input": f"0.{rank + 10}", "output": "1"}}],
        }
        for rank, name in enumerate(names)
    }
    tiers = [names[:17], names[17:34], names[34:]]
    if THIRDS in checks:
        for tier in tiers[:-1]:
            for name in tier:
                models[name]["priors"] = {f"task-{number}": settled(name, tier, names) for number in range(CLASSES)}
    return Portfolio.of(
        {
            "defaults": {"data_class": "public", "lane": "all"},
            "tasks": {f"task-{number}": {"describe": "a class"} for number in range(CLASSES)},
            "providers": {"any": {"adapter": "litellm"}},
            "models": models,
            "lanes": {"all": {"tiers": tiers, "max_attempts": 4, "checks": list(checks)}},
        }
    )


def settled(name: str, tier: list[str], names: list[str]) -> dict[str, Any]:
    """What was recorded of a model, of who agrees with it, of a third, and of all who may follow."""
    second, third, *_ = (each for each in tier if each != name)
    after = {each: {"success": 0.05, "false_accepts": 0.01} for each in names[names.index(tier[-1]) + 1 :]}
    its = {"by": third, "success": 0.1, "false_accepts": 0.02, "after": after}
    confirmed = {"by": second, "success": 0.7, "false_accepts": 0.02, "after": after, "third": its}
    return {"success": 0.8, "false_accepts": 0.2, "answers": 50, "source": "made", "confirmed": confirmed}


def scores() -> ScoresView:
    view = ScoresView()
    for task in range(CLASSES):
        for rank in range(MODELS):
            good = 60 + (rank * 7 + task * 13) % 40
            view.apply_score(
                ModelScored(
                    task=f"task-{task}",
                    model=f"model-{rank}",
                    version="any",
                    sequence=1,
                    successes=good,
                    failures=100 - good,
                    fresh_successes=float(good),
                    fresh_failures=float(100 - good),
                    mean_micro_usd=50 + rank * 40,
                    mean_latency_ms=300 + rank * 20,
                    scored_at=NOW - timedelta(minutes=1),
                    curves=tuple(curve(f"model-{other}") for other in range(MODELS)),
                )
            )
    return view


def curve(by: str) -> ScoreCurve:
    """Answers of every score, the more right the more alike: no threshold is as good as another."""
    right, wrong = tuple(map(float, range(BUCKETS))), tuple(map(float, range(BUCKETS, 0, -1)))
    return ScoreCurve(check="agreement", by=by, answers=400, seen=(20.0,) * BUCKETS, right=right, wrong=wrong)


def asked(number: int) -> Request:
    found = request()
    profile = found.profile.model_copy(update={"task": f"task-{number % CLASSES}"})
    changes = {"request_id": UUID(int=number), "lane": "all", "profile": profile, "admitted_at": NOW, "risk": "low"}
    return found.model_copy(update=changes)


def nothing(_: Candidate) -> None:
    """Nothing is against this path."""


def prepared_in(*checks: Any) -> float:
    """Seconds of CPU for a plan of each class, in a lane with these checks."""
    found, view, planner = portfolio(*checks), scores(), Planner()
    requests = [asked(number) for number in range(CLASSES)]
    options = [options_for(ways_of(found, each), each, nothing, nothing) for each in requests]
    began = time.process_time()
    for each, ways in zip(requests, options, strict=True):
        planner.planned(ways, found, each, view.known_to(each.admitted_at), view.changes)
    return time.process_time() - began


def main() -> None:
    found, view, planner, kept = portfolio(), scores(), Planner(), WaysKept()
    requests = [asked(number) for number in range(REQUESTS)]
    began = time.process_time()
    without = [options_for(kept.of(found, each), each, nothing, nothing) for each in requests]
    sorted_in = time.process_time() - began
    gc.freeze()  # else all that is kept here is gone through where plans are prepared
    for each, options in zip(requests[:CLASSES], without, strict=False):
        planner.planned(options, found, each, view.known_to(each.admitted_at), view.changes)
    began = time.process_time()
    for each, options in zip(requests, without, strict=True):
        choose_first(planner.planned(options, found, each, view.known_to(each.admitted_at), view.changes))
    planned_in = time.process_time() - began
    began = time.process_time()
    for options in without:
        choose_first(options)
    chosen_in = time.process_time() - began
    print(f"{MODELS} models, {CLASSES} classes, {REQUESTS} requests, milliseconds of CPU")  # noqa: T201
    print(f"  eligibility and order of all paths, a request: {sorted_in / REQUESTS * 1_000:.3f}")  # noqa: T201
    print(f"  choice without scores, a request:              {chosen_in / REQUESTS * 1_000:.3f}")  # noqa: T201
    print(f"  plan and choice with scores, a request:        {planned_in / REQUESTS * 1_000:.3f}")  # noqa: T201
    for name, checks in KINDS.items():
        print(f"  preparing a plan, a class and version{f'{name}:':10}{prepared_in(*checks) / CLASSES * 1_000:.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
