"""What was measured as work grew: each point beside the first of its series, as a table and as a plot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10

WIDTH, HEIGHT, LEFT, BOTTOM, LEGEND = 640, 460, 56, 44, 300
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b8860b", "#555555", "#0b7a75", "#a23b72")
DASHES = ("", "6 3", "2 3")


@dataclass(frozen=True, slots=True)
class Point:
    """``cost`` (CPU, in microseconds a request) at a ``size`` of what grows, told in ``unit``."""

    series: str
    unit: str
    size: float
    cost: float


@dataclass(frozen=True, slots=True)
class Line:
    """One series; ``grown`` and ``ratios`` are those of each point to the first."""

    name: str
    unit: str
    sizes: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(cost / self.costs[0] for cost in self.costs)

    @property
    def grown(self) -> tuple[float, ...]:
        return tuple(size / self.sizes[0] for size in self.sizes)


def lines_of(points: Iterable[Point]) -> list[Line]:
    """The series, each from its smallest size on, in the order in which they came."""
    by_name: dict[str, list[Point]] = {}
    for point in points:
        by_name.setdefault(point.series, []).append(point)
    return [_line(name, sorted(found, key=lambda each: each.size)) for name, found in by_name.items()]


def _line(name: str, found: Sequence[Point]) -> Line:
    return Line(name, found[0].unit, tuple(p.size for p in found), tuple(p.cost for p in found))


def markdown(lines: Sequence[Line]) -> str:
    """A table: what the smallest costs, and each size with its ratio to that."""
    rows = ["| what grows: where it is paid | the smallest costs | then, size: ratio |", "|---|---|---|"]
    for line in lines:
        then = ", ".join(f"{size:,.0f}: {ratio:.2f}" for size, ratio in zip(line.sizes, line.ratios, strict=True))
        rows.append(f"| {line.name} | {line.costs[0]:,.0f} µs at {line.sizes[0]:,.0f} {line.unit} | {then} |")
    return "\n".join(rows)


def svg(lines: Sequence[Line]) -> str:
    """Cost over size, both as ratios to the smallest, on logarithmic axes; the diagonal grows as its work does."""
    drawn = [line for line in lines if line.sizes[0] > 0 and len(line.sizes) > 1]
    widest = max((max(line.grown) for line in drawn), default=10.0)
    least = min((min(line.ratios) for line in drawn), default=0.5)
    axes = Axes(widest, min(0.5, least), max(10.0, *(max(line.ratios) for line in drawn)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEGEND} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12"><rect width="100%" height="100%" fill="white"/>',
        *axes.ticks(),
        axes.path((1, axes.highest), (1, axes.highest), "#bbbbbb", "1 0"),
        f'<text x="{LEFT}" y="14">cost a request, as a ratio to the smallest; grey: as fast as the work</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 6}">how many times larger than the smallest</text>',
    ]
    for number, line in enumerate(drawn):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        parts.append(axes.path(line.grown, line.ratios, colour, dash))
        at = 30 + 18 * number
        parts.append(f'<line x1="{WIDTH + 8}" x2="{WIDTH + 34}" y1="{at}" y2="{at}" {_stroke(colour, dash)}/>')
        parts.append(f'<text x="{WIDTH + 40}" y="{at + 4}">{line.name} ({line.unit})</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


@dataclass(frozen=True, slots=True)
class Axes:
    """Two logarithmic axes: growth to the right, ratios upwards."""

    widest: float
    lowest: float
    highest: float

    def place(self, grown: float, ratio: float) -> tuple[float, float]:
        across = log10(grown) / log10(self.widest)
        up = (log10(ratio) - log10(self.lowest)) / (log10(self.highest) - log10(self.lowest))
        return LEFT + across * (WIDTH - LEFT - 10), HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - 24)

    def path(self, grown: Sequence[float], ratios: Sequence[float], colour: str, dash: str) -> str:
        at = (self.place(min(each, self.widest), ratio) for each, ratio in zip(grown, ratios, strict=True))
        told = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        return f'<polyline points="{told}" fill="none" {_stroke(colour, dash)}/>'

    def ticks(self) -> list[str]:
        found: list[str] = []
        for power in range(7):
            value = 10.0**power
            if value <= self.widest * 1.01:
                x, y = self.place(value, self.lowest)
                found.append(f'<text x="{x:.0f}" y="{y + 16:.0f}" text-anchor="middle">{value:,.0f}</text>')
            if self.lowest <= value <= self.highest:
                _, y = self.place(1, value)
                found.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{value:,.0f}</text>')
                found.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eeeeee"/>')
        return found


def _stroke(colour: str, dash: str) -> str:
    return f'stroke="{colour}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")
