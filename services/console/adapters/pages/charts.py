"""Charts, drawn as SVG by pygal. They are images of their own, so that the pages need no inline style."""

from collections.abc import Sequence
from typing import Any

import pygal
from pygal.style import Style

INK = {"light": ("#1b1f24", "#d5dae1", "#0b5cad"), "dark": ("#e6e9ee", "#39414c", "#7ab8ff")}
"""Of letters, of guides, and of what is drawn: as in the style sheet."""


def line_chart(title: str, labels: Sequence[str], values: Sequence[float | None], theme: str) -> bytes:
    """A line of dollars over days, for a light page or a dark one."""
    chart: Any = pygal.Line(
        style=_style(theme), js=[], width=1000, height=320, show_legend=False, show_x_guides=False,
        margin=8, dots_size=5, stroke_style={"width": 3}, disable_xml_declaration=True, include_x_axis=True,
        value_formatter=_dollars,
    )  # fmt: skip
    chart.x_labels = list(labels)
    chart.add(title, list(values))
    return chart.render()


def interval_chart(title: str, shares: Sequence[tuple[str, float, float, float]], theme: str) -> bytes:
    """A bar for each share of one, with where it lies (low, high) as a mark upon it; the first one on top."""
    chart: Any = pygal.HorizontalBar(
        style=_style(theme), js=[], width=1000, height=90 + 50 * len(shares), show_legend=False, margin=8,
        range=(0, 1), disable_xml_declaration=True, truncate_label=-1, value_formatter=lambda share: f"{share:.0%}",
    )  # fmt: skip
    shown = list(reversed(shares))
    chart.x_labels = [name for name, *_ in shown]
    chart.add(title, [{"value": share, "ci": {"low": low, "high": high}} for _, share, low, high in shown])
    return chart.render()


def _dollars(value: float) -> str:
    """In plain digits down to a micro-dollar: a tick of 6e-05 is nobody's price."""
    return f"${value:.6f}".rstrip("0").rstrip(".")


def _style(theme: str) -> Style:
    ink, guide, colour = INK.get(theme, INK["light"])
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground=ink,
        foreground_strong=ink,
        foreground_subtle=ink,
        guide_stroke_color=guide,
        major_guide_stroke_color=guide,
        colors=(colour,),
        opacity=".5",
        font_family="sans-serif",
        label_font_size=18,
        major_label_font_size=18,
    )
