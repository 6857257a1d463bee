"""Folders of intents: which part is learned from, and which is reported on."""

import gzip
import json
from pathlib import Path

import pytest

from infra.evals.intents import CLINC, banking, clinc, few
from infra.evals.study import Folders
from infra.local.recorded.reading import DataUnreadable

PARTS = {
    "train": [["pay it", "pay"], ["pay him", "pay"], ["stop it", "stop"]],
    "val": [["pay me", "pay"]],
    "oos_train": [["a show", "oos"]],
    "oos_val": [["a song", "oos"]],
}
TESTED = {"test": [["stop him", "stop"]], "oos_test": [["a film", "oos"]]}


def folder(path: Path, parts: object) -> Path:
    (path / "intents").mkdir(parents=True)
    (path / CLINC).write_bytes(gzip.compress(json.dumps(parts).encode()))
    return path


def test_one_folder_is_learned_from_by_its_training_part_and_reported_on_by_its_validation_part(tmp_path: Path) -> None:
    split = clinc(Folders(folder(tmp_path / "a", PARTS)))
    assert split.train[-1] == ("a show", "general")
    assert split.test == [("pay me", "pay"), ("a song", "general")]


def test_another_folders_test_part_is_reported_on_and_all_of_the_first_learned_from(tmp_path: Path) -> None:
    split = clinc(Folders(folder(tmp_path / "a", PARTS), folder(tmp_path / "b", PARTS | TESTED)))
    assert len(split.train) == 6
    assert split.test == [("stop him", "stop"), ("a film", "general")]


def test_few_examples_are_kept_of_each_class_and_all_of_no_class() -> None:
    texts = [("1", "pay"), ("2", "pay"), ("3", "stop"), ("4", "general"), ("5", "general")]
    assert [text for text, _ in few(texts, 1)] == ["1", "3", "4", "5"]


def test_what_is_absent_or_no_set_of_intents_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="clinc150"):
        clinc(Folders(tmp_path))
    with pytest.raises(DataUnreadable, match="banking77_train"):
        list(banking(Folders(tmp_path)))
    with pytest.raises(DataUnreadable, match="texts with intents"):
        clinc(Folders(folder(tmp_path / "a", ["nonsense"])))


def test_texts_that_are_garbled_or_cut_off_are_told(tmp_path: Path) -> None:
    garbled = folder(tmp_path / "a", PARTS)
    whole = (garbled / CLINC).read_bytes()
    (garbled / CLINC).write_bytes(whole[:20] + b"\xff" * 20 + whole[40:])
    with pytest.raises(DataUnreadable, match="cannot be read as texts with intents"):
        clinc(Folders(garbled))
    for rows, says in (("", "is empty"), ("pay me,pay\npay hi", "row 2: a text without its category")):
        (garbled / "intents/banking77_train.csv.gz").write_bytes(gzip.compress(f"text,category\n{rows}".encode()))
        with pytest.raises(DataUnreadable, match=says):
            list(banking(Folders(garbled)))
