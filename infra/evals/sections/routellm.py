"""RouteLLM's sets: a strong and a weak model, and a router that sees the prompt only.

The ceiling is an oracle that knows both outcomes; no order at all has an APGR of .5. Neither checks an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.evals import routed
from infra.evals.curves import Numbers, apgr, cpt, recovered
from infra.evals.guess import Asked, guessed
from infra.evals.study import Folders, Tell, figure

SETS: Mapping[str, Callable[[Path], list[Asked]]] = {
    "gsm8k": routed.gsm8k,
    "mmlu": routed.mmlu,
    "mt_bench": routed.mt_bench,
}
HALF, MOST = 0.5, 0.8
Places = NDArray[np.int64]
PERCENTS = np.arange(101) / 100
"""The shares of strong calls at which the curve is kept."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``routellm``: by set, APGR and the share of strong calls that recovers 50 % and 80 % of the gap."""
    found: dict[str, object] = {}
    for name, read in SETS.items():
        tell(f"learning to guess on {name}")
        told, guesses = guessed(read(folders.train), read(folders.test) if folders.test else None)
        found[name] = _report(told, guesses[:, 1] - guesses[:, 0])
    return {"routellm": found}


def _report(told: Sequence[Asked], order: Numbers) -> dict[str, object]:
    weak, strong = np.array([asked.worth for asked in told]).T
    lengths, gains = np.array([float(len(asked.prompt)) for asked in told]), strong - weak
    figures: Mapping[str, Callable[[Places], float]] = {
        "apgr": lambda at: apgr(order[at], gains[at]),
        "cpt_50": lambda at: cpt(order[at], gains[at], HALF),
        "cpt_80": lambda at: cpt(order[at], gains[at], MOST),
        "apgr_by_length": lambda at: apgr(lengths[at], gains[at]),
        "apgr_oracle": lambda at: apgr(gains[at], gains[at]),
        "weak": lambda at: float(weak[at].mean()),
        "strong": lambda at: float(strong[at].mean()),
    }
    return {
        **{
            name: figure(range(len(told)), lambda part, of=of: of(np.array(part))).told()
            for name, of in figures.items()
        },
        "n": len(told),
        "recovered": np.interp(PERCENTS, *recovered(order, gains)).round(4).tolist(),
    }
