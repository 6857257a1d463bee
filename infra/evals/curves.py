"""Curves of quality over cost, and the figures that are published of them. Pure.

APGR and CPT: I. Ong et al., "RouteLLM: Learning to Route LLMs with Preference Data", 2024. AIQ: Q. Hu et al.,
"RouterBench: A Benchmark for Multi-LLM Routing System", 2024.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Point = tuple[float, float]
"""Cost and quality."""


def recovered(order: Numbers, gains: Numbers) -> tuple[Numbers, Numbers]:
    """What share of the gap is recovered, over the share of calls that go to the strong model.

    The prompts with the greatest ``order`` go there first; equal ones in no order, so the curve is straight over them.
    ``gains``: of the strong model over the weak one, by prompt. Where they come to nothing there is no gap, and no
    order is better than none.
    """
    if np.isclose(gains.sum(), 0):
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    ranked = np.argsort(-order, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(order[ranked])) + 1, len(order))
    summed = np.cumsum(gains[ranked])[ends - 1] / gains.sum()
    return np.append(0.0, ends / len(order)), np.append(0.0, summed)


def apgr(order: Numbers, gains: Numbers) -> float:
    """The average performance gap recovered: .5 for no order at all."""
    calls, share = recovered(order, gains)
    return float(np.trapezoid(share, calls))


def cpt(order: Numbers, gains: Numbers, share: float) -> float:
    """The call-performance threshold: the least share of strong calls that recovers this share of the gap."""
    calls, reached = recovered(order, gains)
    place = int(np.argmax(reached >= share))
    step = (share - reached[place - 1]) / (reached[place] - reached[place - 1])
    return float(calls[place - 1] + step * (calls[place] - calls[place - 1]))


def hull(points: Sequence[Point]) -> list[Point]:
    """The best that mixtures of these points reach: cost and quality rise, and quality ever more slowly."""
    found: list[Point] = []
    for point in sorted(points, key=lambda each: (each[0], -each[1])):
        if found and point[1] <= found[-1][1]:
            continue
        while len(found) > 1 and _is_below(found[-1], found[-2], point):
            found.pop()
        found.append(point)
    return found


def _is_below(middle: Point, first: Point, last: Point) -> bool:
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])


def aiq(points: Sequence[Point], least: float, most: float) -> float:
    """The average improvement in quality: the mean height of the hull between these costs."""
    found = hull(points)
    costs, heights = np.array([cost for cost, _ in found]), np.array([quality for _, quality in found])
    grid = np.concatenate(([least], costs[(costs > least) & (costs < most)], [most]))
    return float(np.trapezoid(np.interp(grid, costs, heights), grid) / (most - least))
