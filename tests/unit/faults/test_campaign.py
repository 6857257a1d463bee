"""Which faults a campaign has still to strike with, and going on with one that was broken off."""

from dataclasses import replace
from pathlib import Path

from journeys.faults import record
from journeys.faults.campaign import LEAST_IN_FLIGHT, Run, due, rows
from journeys.faults.fleet import MEMBERS
from journeys.faults.reconcile import Finding
from journeys.faults.upgrades import ORDER

COUNTS = Run("stall", "7:0", 500, LEAST_IN_FLIGHT, 480, 3, 1.5, (Finding("lost", "a request", "no end"),))
FEW = replace(COUNTS, in_flight=LEAST_IN_FLIGHT - 1)
MISSED = replace(COUNTS, struck=False)


def test_a_run_whose_fault_did_not_strike_is_made_up_for() -> None:
    assert due([COUNTS, MISSED], ["stall", "kill all"], each=2) == ["stall", "kill all"]
    assert due([COUNTS, MISSED, COUNTS], ["stall", "kill all"], each=2) == ["kill all"]


def test_a_fault_that_never_strikes_is_given_up() -> None:
    assert due([MISSED, FEW], ["stall"], each=1) == []


def test_only_what_counts_is_in_the_table() -> None:
    [row] = rows([COUNTS, MISSED, FEW])
    assert (row.runs, row.requests, row.lost) == (1, 500, 1)


def test_the_late_of_all_runs_are_added_up_and_the_latest_is_told() -> None:
    [row] = rows([replace(COUNTS, late=3, late_s=4.0), replace(COUNTS, late=2, late_s=1.5)])
    assert (row.late, row.late_s) == (5, 4.0)


def test_a_campaign_goes_on_with_the_runs_of_its_own_seed(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    assert list(record.read(path, "7")) == []
    for run in (COUNTS, replace(COUNTS, seed="70:0"), MISSED):
        record.append(path, run)
    assert list(record.read(path, "7")) == [COUNTS, MISSED]


def test_an_upgrade_replaces_every_member_once() -> None:
    assert sorted(ORDER) == sorted(MEMBERS)
