"""The figures of ``.portfolio/evals.json`` as pictures for docs/decisions.md: quality over cost, with intervals.

The same figures make the same bytes: no date is written, ids come from a fixed salt, and text stays text.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

Point = tuple[float, float]
"""Cost and quality."""
Told = Mapping[str, Any]
"""A figure with its interval, or a section of them."""
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "model-portfolio",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
}
SIZE = (8.0, 4.6)
GREY, BLUE, RED, GREEN = "#6b7280", "#1d4ed8", "#b91c1c", "#15803d"
NEAR, NEARLY = 1.25, 0.02
"""Two points are almost in one place: by the ratio of their costs, and by their quality."""


def draw(figures: Mapping[str, Any], folder: Path) -> list[Path]:
    """A picture for each section that was measured. Their files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_drawn(folder / f"{name}.svg", picture, figures) for name, picture in PICTURES.items() if name in figures]


def _drawn(path: Path, picture: Callable[[Axes, Mapping[str, Any]], None], figures: Mapping[str, Any]) -> Path:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        axes.grid(visible=True, color="#e5e7eb", linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
        picture(axes, figures)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return path


def _gsm8k(axes: Axes, figures: Mapping[str, Any]) -> None:
    told = figures["gsm8k"]
    _singles(axes, told["singles"])
    _name(axes, "learned plan", _dot(axes, told["cost_share"], told["success"], BLUE), BLUE)
    _shares(axes, f"GSM8K, {told['n']} questions: plans chosen without the questions they are shown on")


def _ifeval(axes: Axes, figures: Mapping[str, Any]) -> None:
    told = figures["ifeval"]
    _singles(axes, told["singles"])
    _name(axes, "demands given", _dot(axes, told["cost_share"], told["success"], BLUE), BLUE)
    found = figures["ifeval_found"]
    at = _dot(axes, found["cost_share"], found["success"], GREEN)
    _name(axes, "demands found in the prompt", at, GREEN, left=True)
    _shares(axes, f"IFEval, {told['n']} prompts: orders chosen without the prompts they are shown on")


def _routerbench(axes: Axes, figures: Mapping[str, Any]) -> None:
    told = figures["routerbench"]
    singles = told["singles"].items()
    points = {name: (single["usd_per_1k"]["value"], single["score"]["value"]) for name, single in singles}
    axes.plot(*zip(*points.values(), strict=True), "o", color=GREY, markersize=4)
    _names(axes, points)
    lines = (("oracle", "oracle, which knows every score", RED), ("no_router", "mixtures of single models", GREY))
    for name, label, color in (*lines, ("router", "guess from the prompt", BLUE)):
        costs, scores = zip(*told["curves"][name], strict=True)
        axes.plot(costs, scores, "-" if name == "router" else "--", color=color, label=label)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:g}"))
    axes.set_xlabel("real dollars for a thousand prompts")
    axes.set_ylabel("mean score")
    axes.set_title(f"RouterBench sample, {told['n']} prompts", loc="left")
    axes.legend(frameon=False, loc="lower right")


def _routellm(axes: Axes, figures: Mapping[str, Any]) -> None:
    told = figures["routellm"]
    for (name, each), color in zip(told.items(), (BLUE, GREEN, RED), strict=True):
        apgr = each["apgr"]
        label = f"{name}: APGR {apgr['value']:.3f} ({apgr['low']:.3f} .. {apgr['high']:.3f})"
        axes.plot(range(len(each["recovered"])), each["recovered"], color=color, label=label)
    axes.plot([0, 100], [0, 1], "--", color=GREY, label="chance: APGR .5")
    axes.xaxis.set_major_formatter(_percent(1))
    axes.yaxis.set_major_formatter(_percent(100))
    axes.set_xlabel("calls that go to the strong model")
    axes.set_ylabel("gap to the strong model recovered")
    axes.set_title("RouteLLM sets: a guess from the prompt alone", loc="left")
    axes.legend(frameon=False, loc="lower right")


PICTURES: Mapping[str, Callable[[Axes, Mapping[str, Any]], None]] = {
    "gsm8k": _gsm8k,
    "ifeval": _ifeval,
    "routerbench": _routerbench,
    "routellm": _routellm,
}
"""By the section that it shows."""


def _singles(axes: Axes, singles: Mapping[str, Told]) -> None:
    for single in singles.values():
        _dot(axes, single["cost_share"], single["success"], GREY)
    _names(axes, {name: (each["cost_share"]["value"], each["success"]["value"]) for name, each in singles.items()})


def _dot(axes: Axes, cost: Told, success: Told, color: str) -> Point:
    at = (cost["value"], success["value"])
    axes.errorbar(*at, xerr=_arms(cost), yerr=_arms(success), fmt="o", color=color, markersize=5, elinewidth=1)
    return at


def _names(axes: Axes, points: Mapping[str, Point]) -> None:
    """Models' names: to the left of the dearest, and below the dearer of two that are almost in one place."""
    most = max(cost for cost, _ in points.values())
    for name, (cost, quality) in points.items():
        is_crowded = any(cost / NEAR < other < cost and abs(quality - q) < NEARLY for other, q in points.values())
        _name(axes, name.rpartition("/")[2], (cost, quality), GREY, below=is_crowded, left=cost > most / 2)


def _name(axes: Axes, name: str, at: Point, color: str, *, below: bool = False, left: bool = False) -> None:
    """``left``, ``below``: of its point."""
    place = (-6 if left else 6, -14 if below else 6)
    side = "right" if left else "left"
    axes.annotate(name, at, color=color, xytext=place, textcoords="offset points", fontsize=8, ha=side)


def _arms(told: Told) -> Sequence[Sequence[float]]:
    """From the value to the ends of its interval."""
    return [[max(0.0, told["value"] - told["low"])], [max(0.0, told["high"] - told["value"])]]


def _shares(axes: Axes, title: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(_percent(100))
    axes.yaxis.set_major_formatter(_percent(100))
    axes.set_xlabel("modelled cost, of the strongest model's")
    axes.set_ylabel("right, with 95 % intervals")
    axes.set_title(title, loc="left")


def _percent(times: float) -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{times * value:g} %")
