"""Included files of a LiteLLM configuration are read and merged in LiteLLM's own order."""

from pathlib import Path

import pytest

from services.console.adapters.configurations import read_config
from services.console.domain.failures import Misused


def write(at: Path, **files: str) -> Path:
    for name, text in files.items():
        file = at / name.replace("__", "/")
        file.parent.mkdir(exist_ok=True)
        file.with_suffix(".yaml").write_text(text)
    return at / "root.yaml"


def test_all_that_a_file_names_comes_before_what_these_name(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        root="include: [b.yaml, c.yaml]",
        b="{include: [d.yaml], router_settings: {num_retries: 1}}",
        c="router_settings: {num_retries: 2}",
        d="router_settings: {num_retries: 3}",
    )
    assert read_config(root) == {"router_settings": {"num_retries": 3}}


def test_a_file_that_is_not_beside_the_one_that_names_it_may_be_beside_the_first(tmp_path: Path) -> None:
    root = write(tmp_path, root="include: [parts/b.yaml]", parts__b="include: [c.yaml]", c="model_list: [1]")
    assert read_config(root) == {"model_list": [1]}


def test_a_name_that_no_file_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="a character that no file's name has"):
        read_config(write(tmp_path, root='include: ["a\\0b"]'))
