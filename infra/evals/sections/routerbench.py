"""A sample of RouterBench: eleven models with the dollars that each call really cost, and a router by the prompt only.

For a prompt the model is taken whose guessed score, less its guessed cost times a willingness, is greatest. Over all
willingnesses that is a curve; its hull is taken as RouterBench takes it, which flatters every router a little.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from infra.evals.curves import Numbers, Point, aiq, hull
from infra.evals.guess import Asked, guessed
from infra.evals.routed import bench
from infra.evals.study import Folders, Tell, figure

WILLINGNESSES = (0.0, *np.logspace(-2, 6, 60).tolist())
"""Points of score for a dollar."""
PER_1K = 1_000


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``routerbench``: AIQ of the router, of no router (mixing single models), and of an oracle; singles beside."""
    tell("learning to guess scores and costs")
    train, models = bench(folders.train)
    test = bench(folders.test)[0] if folders.test else None
    told, guesses = guessed([_by_logarithm(each) for each in train], test)
    known = {each.name: each.worth for each in (test or train)}
    scores, costs = np.split(np.array([known[each.name] for each in told]), 2, axis=1)
    guessed_scores, guessed_costs = np.split(guesses, 2, axis=1)
    return {"routerbench": _report(models, scores, costs, _chosen(guessed_scores, np.exp(guessed_costs)))}


def _by_logarithm(asked: Asked) -> Asked:
    """Costs differ by orders of magnitude, so their logarithms are guessed."""
    scores, costs = np.split(np.array(asked.worth), 2)
    return Asked(asked.name, asked.prompt, (*scores.tolist(), *np.log(costs).tolist()))


def _chosen(scores: Numbers, costs: Numbers) -> list[Sequence[int]]:
    """The model for each prompt, by willingness."""
    return [np.argmax(scores - each * costs, axis=1).tolist() for each in WILLINGNESSES]


def _report(
    models: Sequence[str], scores: Numbers, costs: Numbers, chosen: Sequence[Sequence[int]]
) -> dict[str, object]:
    rows = range(len(scores))
    alone = [[model] * len(scores) for model in range(len(models))]
    least, most = costs.mean(axis=0).min(), costs.mean(axis=0).max()
    best = _chosen(scores, costs)

    def height(roads: Sequence[Sequence[int]], part: Sequence[int]) -> float:
        return aiq(_points(roads, scores, costs, part), least, most)

    return {
        "aiq": figure(rows, lambda part: height(chosen, part)).told(),
        "gain_over_no_router": figure(rows, lambda part: height(chosen, part) - height(alone, part)).told(),
        "aiq_no_router": figure(rows, lambda part: height(alone, part)).told(),
        "aiq_oracle": figure(rows, lambda part: height(best, part)).told(),
        "singles": {
            model: {
                "score": figure(score, lambda part: sum(part) / len(part)).told(),
                "usd_per_1k": figure(cost, lambda part: PER_1K * sum(part) / len(part)).told(),
            }
            for model, score, cost in zip(models, scores.T.tolist(), costs.T.tolist(), strict=True)
        },
        "n": len(scores),
        "curves": {
            name: _curve(_points(roads, scores, costs, rows))
            for name, roads in (("router", chosen), ("no_router", alone), ("oracle", best))
        },
    }


def _points(roads: Sequence[Sequence[int]], scores: Numbers, costs: Numbers, part: Sequence[int]) -> list[Point]:
    rows = np.array(part)
    taken = np.array(roads)[:, rows]
    return list(zip(costs[rows, taken].mean(axis=1).tolist(), scores[rows, taken].mean(axis=1).tolist(), strict=True))


def _curve(points: Sequence[Point]) -> list[Point]:
    """Dollars for a thousand prompts, and the score, along the hull."""
    return [(round(PER_1K * cost, 4), round(score, 4)) for cost, score in hull(points)]
