"""Priors from recorded answers: what each model achieves as its lane would ask it, and a document seeded with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import recorded_thirds
from recorded_notes import SETS, document

from infra.backtest.asking import asked_in_turn
from infra.backtest.priors import Learned, learned, seeded, source_of
from infra.backtest.run import Document
from infra.local.documents import read_portfolio
from infra.local.recorded.run import PORTFOLIO as RECORDED
from schemas.models import BUCKETS
from schemas.portfolio import Portfolio
from services.console.__main__ import main
from services.console.adapters.portfolio_text import text_of

DOCUMENT = str(Path(__file__).parents[3] / RECORDED)


async def found_in(folder: Path) -> dict[tuple[str, str], Learned]:
    found = await learned(document(), SETS, folder, lambda doing, done, whole: None)
    return {(each.task, each.model): each for each in found}


async def test_each_model_is_asked_alone_and_only_what_passes_and_is_right_counts(tmp_path: Path) -> None:
    found = await found_in(tmp_path)

    small, strong = found["notes", "small"], found["notes", "strong"]
    assert (small.asked, small.right, small.wrong) == (3, 1, 0)
    assert (strong.asked, strong.right, strong.wrong) == (3, 2, 0)
    assert small.micro_usd > 0


async def test_where_answers_are_confirmed_only_those_that_were_count(tmp_path: Path) -> None:
    """Of three answers one is confirmed and right, one is confirmed and wrong, and one is not confirmed."""
    found = await found_in(tmp_path)

    small = found["sums", "small"]
    assert (small.asked, small.right, small.wrong) == (3, 1, 1)
    strong = found["sums", "strong"]
    assert (strong.right, strong.wrong) == (3, 0), "nobody confirms the strongest"
    prior = small.prior("backtest-1")
    assert (prior.success, prior.false_accepts, prior.answers, prior.source) == (0.3333, 0.3333, 3, "backtest-1")


async def test_an_answer_that_another_gave_in_its_place_is_not_its_own(tmp_path: Path) -> None:
    """The small one fails the second note, and the one that would have confirmed it answers instead, rightly."""
    checked = document(checks=["format", "demands", "agreement"])
    found = await learned(checked, {"notes": SETS["notes"]}, tmp_path, lambda doing, done, whole: None)

    assert {each.model: each.right for each in found}["small"] == 1, "the first note, with which the middle one agrees"


async def test_where_the_plan_says_who_must_agree_both_ways_are_learned(tmp_path: Path) -> None:
    planned = document(checks=["format", "demands", {"agreement": {"when": "planned"}}])
    found = await learned(planned, {"notes": SETS["notes"]}, tmp_path, lambda doing, done, whole: None)

    small, _, strong = found
    assert (small.right, small.wrong, small.by) == (1, 0, None)
    assert small.confirmed is not None
    assert (small.confirmed.right, small.confirmed.wrong, small.confirmed.by) == (1, 0, "middle")
    assert strong.confirmed is None, "nobody confirms the strongest"
    confirmed = small.prior("backtest-1").confirmed
    assert confirmed is not None
    assert (confirmed.by, confirmed.success, confirmed.false_accepts) == ("middle", 0.3333, 0)
    assert source_of(found, SETS) != source_of([replace(small, confirmed=None), *found[1:]], SETS)


async def test_where_the_plan_says_how_alike_answers_must_be_they_are_counted_by_that(tmp_path: Path) -> None:
    """Of three sums two are the same, of which one is wrong, and another number is not alike at all."""
    planned = document().portfolio.model_dump(mode="json")
    planned["lanes"]["sums"]["checks"] = [{"agreement": {"threshold": "planned"}}]
    found = await learned(
        Document(Path("made.yaml"), Portfolio.of(planned)), {"sums": SETS["sums"]}, tmp_path, lambda *_: None
    )

    small, _, strong = found
    assert (small.right, small.wrong) == (1, 2), "alone"
    assert strong.confirmed is None
    prior = small.prior("backtest-1")
    assert prior.confirmed is not None
    assert prior.confirmed.curve is not None
    right, wrong = prior.confirmed.curve.right, prior.confirmed.curve.wrong
    assert [(bucket, share) for bucket, share in enumerate(right) if share] == [(BUCKETS - 1, 0.3333)]
    assert [(bucket, share) for bucket, share in enumerate(wrong) if share] == [(0, 0.3333), (BUCKETS - 1, 0.3333)]
    after = seeded(document().portfolio, found, "backtest-1")
    file = tmp_path / "seeded.yaml"
    file.write_text(text_of(after))
    assert read_portfolio(file) == after


@pytest.mark.parametrize("opinions", [3, "planned"])
async def test_where_a_third_may_settle_differences_that_is_learned_and_what_follows(
    opinions: object, tmp_path: Path
) -> None:
    """Of five sums two agree on one; a third takes the right answer of two others, and the strongest has the rest."""
    settling = recorded_thirds.document(opinions, learns=True)
    found = await learned(settling, recorded_thirds.SETS, tmp_path, lambda *_: None)

    small, *_, strong = (each.prior("backtest-1") for each in found)
    its = small.confirmed
    assert its is not None
    assert (its.by, its.success, its.false_accepts) == ("middle", 0.2, 0)
    told = {model: (shares.success, shares.false_accepts) for model, shares in (its.after or {}).items()}
    assert told == {"other": (0.4, 0.2), "strong": (0.8, 0)}, "of the four that the two differ on"
    assert its.third is not None
    assert (its.third.by, its.third.success, its.third.false_accepts) == ("other", 0.4, 0)
    assert {model: shares.success for model, shares in (its.third.after or {}).items()} == {"strong": 0.4}
    assert its.curve is not None, "how alike two are tells whether live ones still agree as often"
    assert (strong.success, strong.confirmed) == (1, None)
    assert found[2].confirmed is not None
    assert found[2].confirmed.third is None, "there is nobody between it and the strongest"
    without = replace(found[0], confirmed=replace(found[0].confirmed, third=None)) if found[0].confirmed else found[0]
    assert source_of(found, recorded_thirds.SETS) != source_of([without, *found[1:]], recorded_thirds.SETS)
    file = tmp_path / "seeded.yaml"
    after = seeded(settling.portfolio, found, "backtest-1")
    file.write_text(text_of(after))
    assert read_portfolio(file) == after


async def test_a_seeded_document_can_be_read_and_names_its_source(tmp_path: Path) -> None:
    found = list((await found_in(tmp_path)).values())
    source = source_of(found, SETS)
    file = tmp_path / "seeded.yaml"
    file.write_text(text_of(seeded(document().portfolio, found, source)))

    read = read_portfolio(file)

    priors = read.models["middle"].priors or {}
    assert {task: prior.source for task, prior in priors.items()} == {"sums": source, "notes": source}
    assert read.digest() != document().portfolio.digest()
    assert source_of(found, SETS) == source != source_of(found[1:], SETS)


def test_asking_one_alone_leaves_the_other_lanes_as_they_are() -> None:
    found = asked_in_turn(document().portfolio, "notes", "middle")

    assert found.lanes["sums"] == document().portfolio.lanes["sums"]
    assert (found.lanes["notes"].tiers, found.lanes["notes"].max_attempts) == ((("middle",),), 1)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["priors", "--data", str(tmp_path), "--portfolio", DOCUMENT, "--write", DOCUMENT]) == 2
    assert "is there already: --write wants a new file" in capsys.readouterr().err


def weakly_checked(folder: Path) -> Path:
    """A lane whose only check is the form: what gemma-2-2b gets wrong passes."""
    told = read_portfolio(Path(DOCUMENT)).model_dump(mode="json", exclude_defaults=True)
    told["models"]["gemma-2-2b"] = {
        **told["models"]["llama-3.1-8b"],
        "endpoints": [{**told["models"]["llama-3.1-8b"]["endpoints"][0], "model": "gemma-2-2b-it"}],
    }
    tiers = {"tiers": [["gemma-2-2b"], ["claude-3.5-sonnet"]], "checks": ["format"], "bar": {"success": 0.85}}
    told["lanes"] = {"gsm8k": {**told["lanes"]["gsm8k"], **tiers, "learns": True, "explore": 0}}
    told["defaults"]["lane"], told["tasks"] = "gsm8k", {"gsm8k": told["tasks"]["gsm8k"]}
    file = folder / "weak.yaml"
    file.write_text(text_of(Portfolio.of(told)))
    return file


def test_a_plan_whose_check_is_too_weak_is_refused_on_recorded_answers(
    recorded_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weak, strict = str(weakly_checked(tmp_path)), str(tmp_path / "seeded.yaml")
    data = ["--data", str(recorded_data)]
    assert main(["priors", *data, "--portfolio", weak, "--write", strict]) == 0
    capsys.readouterr()

    assert main(["backtest", *data, "--portfolio", strict, "--against", weak, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    (seeded_one,) = told["sets"].values()
    assert seeded_one["figures"]["cost_share"]["value"] == 1, "the strongest alone"
    assert told["against"]["sets"]["gsm8k"]["success_points"]["low"] > 30, "than where nothing is known of the check"


def test_a_document_is_seeded_by_the_command(recorded_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(recorded_data), "--portfolio", DOCUMENT, "--questions", "20"]
    assert main(["priors", *arguments]) == 0
    assert "source: backtest-" in " ".join(capsys.readouterr().out.split())
    assert main(["priors", "--json", *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["portfolio"]["models"]["gpt-4o"]["priors"]["ifeval"]["source"] == told["source"]
