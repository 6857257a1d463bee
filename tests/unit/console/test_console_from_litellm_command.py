"""``portfolio init --from-litellm``: files in, a portfolio out, and all that is to be said, for people and programs."""

import json
from pathlib import Path

import pytest
from litellm_configs import AZURE, SECRET

from services.console.__main__ import main
from services.console.domain.portfolio_file import read

MORE = "model_list:\n  - {model_name: mini, litellm_params: {model: openai/gpt-4.1-mini}}\n"
INCLUDING = f"""{AZURE}
include: [parts/more.yaml]
litellm_settings: {{fallbacks: [{{gpt-4o: [mini]}}], drop_params: true}}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_EU_KEY", SECRET)
    for name in ("AZURE_US_BASE", "AZURE_GPT_4O_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/more.yaml").write_text(f"include: [../config.yaml]\n{MORE}")
    (tmp_path / "config.yaml").write_text(INCLUDING)


def test_the_portfolio_is_written_and_a_person_told_what_is_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--from-litellm", "config.yaml"]) == 0

    said = capsys.readouterr().out
    portfolio = read(Path("portfolio.yaml").read_text()).portfolio
    assert portfolio is not None
    assert portfolio.lanes["gpt-4o"].tiers == (("gpt-4o-alone",), ("mini",)), "the included file is read, and once"
    assert "litellm_settings.drop_params" in said
    assert "put it into the environment under AZURE_GPT_4O_API_KEY" in " ".join(said.split())
    assert "not set here, and needed: AZURE_GPT_4O_API_KEY, AZURE_US_BASE, OPENAI_API_KEY" in said
    assert SECRET not in said + Path("portfolio.yaml").read_text()
    assert main(["check"]) == 0


def test_a_program_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--from-litellm", "config.yaml", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["portfolio"] == Path("portfolio.yaml").read_text()
    assert {"asked": "gpt-4o", "is": "lane", "name": "gpt-4o"} in told["names"]
    assert told["variables_to_set"] == ["AZURE_GPT_4O_API_KEY", "AZURE_US_BASE", "OPENAI_API_KEY"]
    [drop] = [each for each in told["told"] if each["setting"] == "litellm_settings.drop_params"]
    assert (drop["fate"], drop["of"]) == ("works otherwise", [])
    assert SECRET not in json.dumps(told)


def test_standard_output_gets_the_document_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--from-litellm", "config.yaml", "--output", "-"]) == 0
    assert read(capsys.readouterr().out).portfolio is not None
    assert not Path("portfolio.yaml").exists()


def test_a_file_that_is_there_is_kept_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("portfolio.yaml").write_text("mine")
    assert main(["init", "--from-litellm", "config.yaml"]) == 1
    assert (Path("portfolio.yaml").read_text(), "--force" in capsys.readouterr().err) == ("mine", True)
    assert main(["init", "--from-litellm", "config.yaml", "--force"]) == 0


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("model_list: []", 1, "no model that the portfolio can serve stands in config.yaml"),
        (f"general_settings: {{master_key: !{SECRET} x}}\nmodel_list: *{SECRET}", 1, "config.yaml:"),
        (f"a: '{SECRET}", 1, "config.yaml:1:"),
        ("- 1", 1, "a configuration of LiteLLM is a mapping"),
        ("include: [nowhere.yaml]", 2, "nowhere.yaml cannot be read"),
        ("a: 1\na: 2", 1, "is written twice"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_shows_no_value(
    text: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("config.yaml").write_text(text)
    assert main(["init", "--from-litellm", "config.yaml"]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert SECRET not in said.err + said.out
    assert not Path("portfolio.yaml").exists()


def test_nothing_else_is_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--from-litellm", "config.yaml", "--ollama", "127.0.0.1"]) == 2
    assert "leave --ollama and --vllm out" in capsys.readouterr().err
