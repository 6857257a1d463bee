"""Sets for routers, read, or complained of by name."""

import gzip
from pathlib import Path

import pytest

from infra.evals.routed import STRONG, WEAK, bench, gsm8k, mmlu, mt_bench
from infra.local.recorded.reading import DataUnreadable


def pairs(folder: Path, rows: str) -> Path:
    place = folder / "routellm" / "gsm8k"
    place.mkdir(parents=True)
    (place / "gsm8k_responses.csv").write_text(f"prompt,{WEAK},{STRONG}\n{rows}")
    (place / "contaminated_prompts.jsonl").write_text('{"eval_prompt": "seen"}\n')
    return folder


def test_what_the_published_routers_had_seen_is_left_out(tmp_path: Path) -> None:
    (asked,) = gsm8k(pairs(tmp_path, "new,False,True\nseen,True,True\n"))
    assert (asked.prompt, asked.worth) == ("new", (0.0, 1.0))


def test_a_verdict_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="perhaps"):
        gsm8k(pairs(tmp_path, "new,perhaps,True\n"))


def test_scores_and_dollars_of_each_model(tmp_path: Path) -> None:
    place = tmp_path / "routerbench_sample"
    place.mkdir()
    with gzip.open(place / "reference_data.csv.gz", "wt") as file:
        file.write("sample_id,prompt,a,b,a|total_cost,b|total_cost\nx,why,1.0,0.5,0.002,0.001\n")
    (asked,), models = bench(tmp_path)
    assert models == ["a", "b"]
    assert asked.worth == (1.0, 0.5, 0.002, 0.001)


@pytest.mark.parametrize("read", [bench, gsm8k, mmlu, mt_bench])
def test_an_empty_folder_is_complained_of(tmp_path: Path, read: object) -> None:
    with pytest.raises(DataUnreadable):
        read(tmp_path)  # pyright: ignore[reportCallIssue]
