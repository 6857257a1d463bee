"""The sections on the real recorded answers: what was reached must not be lost again."""

from pathlib import Path

from infra.evals.personal_data import personal_data
from infra.evals.sections import checks, gsm8k, ifeval, mini_case, regret, routellm, routerbench
from infra.evals.study import Folders


def tell(doing: str) -> None:
    """Nobody listens."""


def test_agreement_is_as_good_as_the_strongest_for_a_fraction(recorded_data: Path) -> None:
    told = gsm8k.measure(Folders(recorded_data), tell)["gsm8k"]
    assert told["gain_points"]["value"] >= 0
    assert told["cost_share"]["value"] < 0.18
    assert told["frontier"]["within_12"]["cost_share"]["value"] < 0.12
    assert told["frontier"]["within_12"]["gain_points"]["value"] > -1
    assert told["weak_check"]["gain_points"]["high"] < 0
    assert told["weak_check"]["chosen"] == 0


def test_demands_that_are_given_beat_the_strongest_and_the_figure_to_beat_for_a_fraction(recorded_data: Path) -> None:
    told = ifeval.measure(Folders(recorded_data), tell)["ifeval"]
    assert told["success"]["low"] > told["strongest_success"]["value"]
    assert told["success"]["value"] > 0.939
    assert told["cost_share"]["value"] < 0.15


def test_learning_on_one_folder_and_reporting_on_another(recorded_data: Path) -> None:
    told = ifeval.measure(Folders(recorded_data, recorded_data), tell)["ifeval"]
    assert len(told["plans"]) == 1
    assert told["n"] == 264


def test_the_mini_case_is_cheaper_faster_and_better(recorded_data: Path) -> None:
    told = mini_case.measure(Folders(recorded_data), tell)["mini_case"]
    assert told["cost_per_success_change"]["value"] < -0.29
    assert told["p95_change"]["value"] < -0.34
    assert told["success_change_points"]["value"] > 3.8
    assert told["premium_share"]["value"] <= 0.22


def test_our_demands_say_what_ifevals_own_program_says(recorded_data: Path) -> None:
    told = checks.measure(Folders(recorded_data), tell)["checks"]
    assert told["demands_agree"]["low"] > 0.98
    assert told["arithmetic"]["false_reject"]["high"] < 0.005
    assert told["arithmetic"]["false_accept"]["high"] < 0.5
    for name in ("citations", "policy"):
        assert told[name]["false_reject"]["high"] < 0.01
        assert told[name]["false_accept"]["high"] < 0.22
    assert told["citations"]["caught"]["dropped_word_in_quote"]["low"] > 0.99
    assert told["citations"]["caught"]["negated"]["value"] == 0, "other words with the same numbers are not seen"
    assert told["policy"]["caught"]["planted_key"]["low"] > 0.99
    assert told["words"]["n"] == 407
    assert told["words"]["false_accept"]["value"] == told["words"]["false_reject"]["value"] == 0
    assert told["words"]["false_accept"]["high"] < 0.16  # 407 judgements, of 24 prompts
    assert told["agreement"]["let_through_per_1k"]["high"] < 40
    assert told["demands_found"]["false_accept"]["value"] > told["demands_given"]["false_accept"]["value"]


def test_learning_while_serving_notices_a_model_that_gets_worse_and_overrules_what_was_recorded(
    recorded_data: Path,
) -> None:
    told = regret.measure(Folders(recorded_data), tell)["regret"]
    assert told["forgetting"]["value"] < told["remembering"]["value"] < told["strongest"]["value"]

    lost = {when: {name: its["value"] for name, its in each.items()} for when, each in told["priors"].items()}
    assert all(each["overruled"] <= each["for_good"] for each in lost.values())
    assert all(each["overruled"] == each["for_good"] for when, each in lost.items() if when.startswith("unchanged"))
    assert lost["halfway_bar_50%"]["overruled"] < lost["halfway_bar_50%"]["for_good"] / 5
    assert lost["from_the_start_bar_50%"]["overruled"] < lost["from_the_start_bar_50%"]["for_good"] / 5


def test_personal_data_with_a_form_of_its_own_is_found_without_false_alarms(recorded_data: Path) -> None:
    told = personal_data(Folders(recorded_data))
    assert told["pii_recall"]["low"] > 0.8
    assert told["pii_false_alarms"]["high"] < 0.01


def test_a_router_by_the_prompt_beats_mixing_single_models(recorded_data: Path) -> None:
    told = routerbench.measure(Folders(recorded_data), tell)["routerbench"]
    assert told["gain_over_no_router"]["low"] > 0
    assert told["aiq"]["high"] < told["aiq_oracle"]["low"]


def test_a_router_by_the_prompt_beats_no_order_on_each_set(recorded_data: Path) -> None:
    told = routellm.measure(Folders(recorded_data), tell)["routellm"]
    assert isinstance(told, dict)
    for each in told.values():
        assert each["apgr"]["low"] > 0.5
        assert each["apgr"]["value"] < each["apgr_oracle"]["value"]
