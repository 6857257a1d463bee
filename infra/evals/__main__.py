"""``make evals``: run the sections, print one table, and write ``.portfolio/evals.json``."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from infra.evals.report import MEASURED_ON, earlier, measured_on, table, unlike, write
from infra.evals.sections import checks, gsm8k, ifeval, live, mini_case, profiler, regret, routellm, routerbench
from infra.evals.study import Folders, Tell
from infra.local.recorded.folder import VARIABLE, usual_folder
from infra.local.recorded.reading import DataUnreadable

OUT = Path(".portfolio/evals.json")
PLOTS = Path("docs/plots")
NO_DATA = 2
PIPED_WIDTH = 160
Measure = Callable[[Folders, Tell], Mapping[str, object]]
SECTIONS: Mapping[str, Measure] = {
    "gsm8k": gsm8k.measure,
    "ifeval": ifeval.measure,
    "mini_case": mini_case.measure,
    "checks": checks.measure,
    "regret": regret.measure,
    "live": live.measure,
    "profiler": profiler.measure,
    "routerbench": routerbench.measure,
    "routellm": routellm.measure,
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make evals", description=__doc__)
    usual = usual_folder()
    parser.add_argument("--data", type=Path, default=usual, help="recorded answers: learn and report on parts in turn")
    parser.add_argument("--train", type=Path, help="learn from this folder instead")
    parser.add_argument("--test", type=Path, help="and report on this one")
    parser.add_argument("--plots", action="store_true", help=f"draw the figures, too: into {PLOTS}")
    parser.add_argument("--only", choices=sorted(SECTIONS), nargs="*", default=sorted(SECTIONS), help="these sections")
    told = parser.parse_args()
    if (told.train is None) != (told.test is None):
        parser.error("--train and --test go together: learn from one, report on the other")
    return told


def main() -> int:
    """0 when all was measured; 2 when recorded answers are not there: the other sections are measured all the same."""
    asked, console = arguments(), Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    before, (now, absent) = earlier(OUT), measured(asked, console)
    if now:
        sections = [name for name in asked.only if name in now]
        folders = str(asked.data) if asked.train is None else f"train {asked.train}, test {asked.test}"
        write(OUT, before, {**now, MEASURED_ON: measured_on(before, sections, folders)})
        console.print(table(before, now))
        for line in unlike(before, sections, folders):
            console.print(line, style="yellow", markup=False)
        told = "costs are modelled (characters / 4 is a token, list prices of 2024-11-01); RouterBench's are real"
        console.print(f"written to {OUT}; {told}")
    if asked.plots:
        from infra.evals.plots import draw  # matplotlib: only to draw

        for path in draw({**before, **now}, PLOTS):
            console.print(f"drawn: {path}")
    for line in absent:
        console.print(line, style="red", markup=False)
    return NO_DATA if absent else 0


def measured(asked: argparse.Namespace, console: Console) -> tuple[dict[str, object], list[str]]:
    """The figures of the sections that were asked for, and which of them lack their recorded answers."""
    folders = Folders(asked.train or asked.data, asked.test)
    now, absent = dict[str, object](), list[str]()
    with console.status("evals") as status:
        for name in asked.only:
            try:
                now |= SECTIONS[name](folders, lambda doing, name=name: status.update(f"{name}: {doing}"))
            except DataUnreadable as error:
                absent.append(f"{name}: {error}\nDATA=<folder>, or {VARIABLE}, names the recorded answers.")
    return now, absent


if __name__ == "__main__":
    sys.exit(main())
