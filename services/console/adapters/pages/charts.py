"""Charts, drawn as SVG by pygal. They are images of their own, so that the pages need no inline style."""

from collections.abc import Sequence
from typing import Any

import pygal
from pygal.style import Style

INK = {"light": ("#1b1f24", "#0b5cad"), "dark": ("#e6e9ee", "#7ab8ff")}


def line_chart(title: str, labels: Sequence[str], values: Sequence[float | None], theme: str) -> bytes:
    """A line over days, for a light page or a dark one."""
    ink, colour = INK.get(theme, INK["light"])
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=ink,
        foreground_strong=ink,
        foreground_subtle=ink,
        colors=(colour,),
        font_family="sans-serif",
        label_font_size=18,
        major_label_font_size=18,
    )
    chart: Any = pygal.Line(
        style=style, js=[], width=1000, height=320, show_legend=False, show_x_guides=False,
        margin=8, dots_size=5, stroke_style={"width": 3}, disable_xml_declaration=True, include_x_axis=True,
    )  # fmt: skip
    chart.x_labels = list(labels)
    chart.add(title, list(values))
    return chart.render()
