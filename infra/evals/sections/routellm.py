"""RouteLLM's sets: a strong and a weak model, and a router that sees the prompt only.

The ceiling is an oracle that knows both outcomes; no order at all has an APGR of .5. Neither checks an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from infra.evals import routed
from infra.evals.curves import Numbers, apgr, cpt
from infra.evals.guess import Asked, guessed
from infra.evals.study import Folders, Tell, figure

SETS: Mapping[str, Callable[[Path], list[Asked]]] = {
    "gsm8k": routed.gsm8k,
    "mmlu": routed.mmlu,
    "mt_bench": routed.mt_bench,
}
HALF, MOST = 0.5, 0.8


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``routellm``: by set, APGR and the share of strong calls that recovers 50 % and 80 % of the gap."""
    found: dict[str, object] = {}
    for name, read in SETS.items():
        tell(f"learning to guess on {name}")
        told, guesses = guessed(read(folders.train), read(folders.test) if folders.test else None)
        found[name] = _report(told, guesses[:, 1] - guesses[:, 0])
    return {"routellm": found}


def _report(told: Sequence[Asked], order: Numbers) -> dict[str, object]:
    gains = np.array([asked.worth[1] - asked.worth[0] for asked in told])
    lengths = np.array([float(len(asked.prompt)) for asked in told])
    rows = range(len(told))
    return {
        "apgr": figure(rows, lambda part: apgr(order[list(part)], gains[list(part)])).told(),
        "cpt_50": figure(rows, lambda part: cpt(order[list(part)], gains[list(part)], HALF)).told(),
        "cpt_80": figure(rows, lambda part: cpt(order[list(part)], gains[list(part)], MOST)).told(),
        "apgr_by_length": round(apgr(lengths, gains), 4),
        "apgr_oracle": round(apgr(gains, gains), 4),
        "weak": round(float(np.mean([asked.worth[0] for asked in told])), 4),
        "strong": round(float(np.mean([asked.worth[1] for asked in told])), 4),
        "n": len(told),
    }
