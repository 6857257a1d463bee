"""The pictures: made from the report's own figures, the same bytes each time, with text that can be read and found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from infra.evals.plots import draw


def told(value: float) -> dict[str, float]:
    return {"value": value, "low": value * 0.9, "high": value * 1.1}


def words_in(path: Path) -> Iterator[str]:
    return ElementTree.parse(path).getroot().itertext()  # noqa: S314 our own


def section(success: float, cost: float) -> dict[str, Any]:
    singles = {
        "cheap": {"success": told(0.7), "cost_share": told(0.1)},
        "vendor/strongest": {"success": told(0.8), "cost_share": told(1.0)},
    }
    return {"success": told(success), "cost_share": told(cost), "singles": singles, "n": 264}


def bench(score: float, cost: float) -> dict[str, Any]:
    return {"score": told(score), "usd_per_1k": told(cost)}


FIGURES: dict[str, Any] = {
    "gsm8k": section(0.8, 0.2),
    "ifeval": section(0.8, 0.2),
    "ifeval_found": {"success": told(0.79), "cost_share": told(0.21)},
    "routerbench": {
        "singles": {"a/small": bench(0.4, 0.1), "large": bench(0.8, 3.0)},
        "curves": {name: [(0.1, 0.4), (3.0, 0.8)] for name in ("router", "no_router", "oracle")},
        "n": 365,
    },
    "routellm": {name: {"apgr": told(0.6), "recovered": [0.0, 0.5, 1.0]} for name in ("gsm8k", "mmlu", "mt_bench")},
    "regret": {"n": 1},
}


def test_the_same_figures_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = draw(FIGURES, tmp_path / "one"), draw(FIGURES, tmp_path / "two")

    assert [path.name for path in first] == ["gsm8k.svg", "ifeval.svg", "routerbench.svg", "routellm.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_picture_names_what_it_shows_in_text(tmp_path: Path) -> None:
    texts = {path.stem: " ".join(words_in(path)) for path in draw(FIGURES, tmp_path)}

    assert all(name in texts["gsm8k"] for name in ("learned plan", "cheap", "strongest", "95 % intervals", "modelled"))
    assert "vendor/" not in texts["gsm8k"]
    assert "demands found in the prompt" in texts["ifeval"]
    assert "mmlu: APGR 0.600 (0.540 .. 0.660)" in texts["routellm"]


def test_a_picture_holds_no_date_and_stays_light(tmp_path: Path) -> None:
    for path in draw(FIGURES, tmp_path):
        assert "<dc:date>" not in path.read_text()
        assert path.stat().st_size < 50_000


def test_only_what_was_measured_is_drawn(tmp_path: Path) -> None:
    assert [path.name for path in draw({"gsm8k": FIGURES["gsm8k"]}, tmp_path)] == ["gsm8k.svg"]
