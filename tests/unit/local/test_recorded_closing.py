"""What is said at the end: the wrong answers that were let through, plainly, beside always the strongest."""

from io import StringIO

from recorded_samples import LADDER, accepted, failed, question
from rich.console import Console
from rich.table import Table

from infra.local.recorded.closing import accepted_table, beside_table, sentences, turns_table
from infra.local.recorded.scoring import Score, score
from services.console.domain.road import Road, Turn

STRONGEST_COST = 440


def a_score() -> Score:
    """One wrong answer that is called verified, one right one of the strongest after an escalation, and a failure."""
    return score(
        "sums",
        LADDER,
        [
            (question(1, small=False), accepted("small", cost=110)),
            (question(2), accepted("strong", "unverified", steps=3, turns=(Turn(3, "up", "disagreed", ""),), cost=440)),
            (question(3), failed("tiers_spent")),
            (question(4), Road("open")),
        ],
    )


def drawn(table: Table) -> list[list[str]]:
    console = Console(width=200, file=StringIO())
    console.print(table)
    return [line.split() for line in console.file.getvalue().splitlines() if line.strip()]  # type: ignore[attr-defined]


def test_wrong_answers_that_passed_are_told_plainly() -> None:
    assert (
        "sums: the checks let 1 wrong answer through, among 2 accepted: 1 of the 1 that are called verified, "
        "0 of the 1 unverified." in list(sentences([a_score()]))
    )


def test_a_set_without_a_verified_answer_says_why() -> None:
    told = list(sentences([score("texts", LADDER, [(question(1), accepted("small", "unverified"))])]))

    assert told[0] == (
        "texts: the checks let 0 wrong answers through, among 1 accepted; none is called verified, since nothing but "
        "its delivery was checked."
    )


def test_nothing_accepted_is_told_as_that() -> None:
    assert (
        next(sentences([score("sums", LADDER, [(question(1), failed("deadline"))])])) == "sums: no answer was accepted."
    )


def test_the_strongest_stands_beside_with_a_ratio() -> None:
    told = list(sentences([a_score()]))

    assert f"{100 * 550 / (4 * STRONGEST_COST):.1f} % of its modelled cost" in told[1]
    assert "1 of 4 are right, 3 fewer than with always strong" in told[1]


def test_costs_are_called_modelled_with_the_day_of_the_prices() -> None:
    *_, last = sentences([a_score()])

    assert "modelled" in last
    assert "2024-11-01" in last


def test_the_tables_hold_the_counts() -> None:
    found = a_score()

    assert ["sums", "1", "small", "at-small", "1", "0", "1"] in drawn(accepted_table([found]))
    assert ["sums", "3", "strong", "at-strong", "1", "1", "0"] in drawn(accepted_table([found]))
    assert ["sums", "a", "stronger", "model", "was", "asked", "disagreed", "1"] in drawn(turns_table([found]))
    assert ["sums", "failed", "tiers_spent", "1"] in drawn(turns_table([found]))
    assert ["sums", "no", "end", "in", "time", "1"] in drawn(turns_table([found]))
    strongest = ["sums", "always", "strong", "4", "4", "4", "100.0", "%", "$0.00176", "$0.00044", "100.0", "%"]
    assert strongest in drawn(beside_table([found]))
    ours = ["sums", "this", "portfolio", "4", "1", "4", "25.0", "%", "$0.00055", "$0.00055", "31.2", "%"]
    assert ours in drawn(beside_table([found]))


def test_a_set_in_which_nothing_is_right_has_no_cost_of_a_right_answer() -> None:
    wrong = question(1, small=False, strong=False)

    table = drawn(beside_table([score("sums", LADDER, [(wrong, accepted("small", cost=3))])]))

    assert [line[-3] for line in table if line[0] == "sums"] == ["none", "none"]
