"""What a request costs as the work grows: ``python -m tests.performance.growth`` (``--help`` for parts and sizes).

Each figure is CPU a request, and counts as a ratio to the smallest of its series within one run. Writes
``.portfolio/growth.json``; with ``--plot``, the plot of all that this file holds, and prints it as a table.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import uvloop
from rich.console import Console

from tests.performance.growth_handlers import with_portfolios, with_prompts
from tests.performance.growth_ledger import with_ledgers
from tests.performance.growth_pipeline import SERIES, with_pipelines
from tests.performance.growth_table import Point, lines_of, markdown, svg

OUT = Path(".portfolio/growth.json")
PARTS = ("prompt", "portfolio", "ledger", *SERIES)
MOST_ATTEMPTS = 2_000_000


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.growth", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all when none")
    parser.add_argument("--attempts", type=int, default=MOST_ATTEMPTS, help="in the fullest ledger")
    parser.add_argument("--plot", type=Path, help="an SVG to write; without PART, of what was measured before")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return args


def measure(part: str, attempts: int, console: Console) -> list[Point]:
    """The points of one part."""
    console.print(f"[dim]{part} ...")

    def tell(line: str) -> None:
        console.print(f"[dim]{line}")

    if part == "prompt":
        return with_prompts()
    if part == "portfolio":
        return with_portfolios()
    if part == "ledger":
        return uvloop.run(with_ledgers((0, attempts // 20, attempts // 4, attempts), tell))
    return uvloop.run(with_pipelines(part, tell))


def kept() -> dict[str, list[Point]]:
    """What earlier runs measured, by part."""
    if not OUT.exists():
        return {}
    return {part: [Point(**point) for point in points] for part, points in json.loads(OUT.read_text()).items()}


def run(parts: Sequence[str], attempts: int, console: Console) -> dict[str, list[Point]]:
    """Measure these parts, and keep them beside what was measured before."""
    for part in parts:
        found = kept() | {part: measure(part, attempts, console)}
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps({name: [asdict(p) for p in found[name]] for name in PARTS if name in found}) + "\n")
    return kept()


def main() -> None:
    """Measure, print the table, and draw the plot where one is asked for."""
    args, console = arguments(), Console(width=200)
    found = run(args.parts or (() if args.plot and OUT.exists() else PARTS), args.attempts, console)
    lines = lines_of(point for part in PARTS for point in found.get(part, ()))
    console.print(markdown(lines), markup=False, highlight=False, soft_wrap=True)
    if args.plot:
        args.plot.write_text(svg(lines))
        console.print(f"drawn in {args.plot}")


if __name__ == "__main__":
    main()
