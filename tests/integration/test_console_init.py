"""``portfolio init`` against an Ollama and a vLLM that answer over real HTTP, and against none."""

import json
from pathlib import Path

import pytest
from model_servers import OLLAMA, VLLM, answering

from services.console.__main__ import main
from services.console.domain.portfolio_file import read
from services.console.domain.vendors import KEYS

NOWHERE = ["--ollama", "http://127.0.0.1:1", "--vllm", "http://127.0.0.1:1"]
SECRET = "sk-not-for-any-file"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*KEYS, "OLLAMA_HOST", "OLLAMA_CONTEXT_LENGTH", "VLLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_the_models_of_ollama_become_tiers_from_the_smallest(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(OLLAMA) as url:
        assert main(["init", "--ollama", url, "--vllm", "127.0.0.1:1"]) == 0

    said = capsys.readouterr().out
    assert f"found: ollama at {url}: llama3.2:latest, qwen2.5:0.5b, nomic-embed-text:latest" in said
    portfolio = read(Path("portfolio.yaml").read_text()).portfolio
    assert portfolio is not None
    assert portfolio.lanes["simple"].tiers == (("qwen2.5-0.5b",), ("llama3.2",))
    assert portfolio.lanes["embeddings"].tiers == (("nomic-embed-text",),)
    assert portfolio.models["nomic-embed-text"].abilities == ("embeddings",)
    assert [model.context_tokens for model in portfolio.models.values()] == [2_048, 4_096, 2_048]
    assert portfolio.models["llama3.2"].abilities == ("chat", "json", "tools")
    assert portfolio.providers["ollama"].base_url == f"{url}/v1"
    assert main(["check"]) == 0


def test_ollamas_own_variable_says_how_much_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(OLLAMA) as url:
        monkeypatch.setenv("OLLAMA_HOST", url)
        monkeypatch.setenv("OLLAMA_CONTEXT_LENGTH", "32768")
        assert main(["init", "--vllm", "127.0.0.1:1"]) == 0

    portfolio = read(Path("portfolio.yaml").read_text()).portfolio
    assert portfolio is not None
    assert portfolio.models["llama3.2"].context_tokens == 32_768


def test_vllm_with_a_key_is_found_and_the_key_is_written_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("VLLM_API_KEY", *KEYS):
        monkeypatch.setenv(name, SECRET)
    with answering(VLLM, key=SECRET) as url:
        assert main(["init", "--ollama", "127.0.0.1:1", "--vllm", f"{url}/v1", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    written = Path("portfolio.yaml").read_text()
    assert told["portfolio"] == written
    assert told["servers"][0]["models"][0]["model"] == "Qwen/Qwen3-8B"
    assert "api_key_env: VLLM_API_KEY" in written
    assert SECRET not in json.dumps(told) + written
    assert main(["check"]) == 0


def test_vllm_that_wants_a_key_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(VLLM, key=SECRET) as url:
        assert main(["init", "--ollama", "127.0.0.1:1", "--vllm", url]) == 1

    assert f"found: vllm at {url} wants a key: set VLLM_API_KEY" in capsys.readouterr().out


def test_a_server_of_another_kind_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = {"GET /v1/models": {"data": [{"id": "portfolio/simple", "owned_by": "portfolio"}]}, "GET /api/tags": [1]}
    with answering(gateway) as url:
        assert main(["init", "--ollama", url, "--vllm", url]) == 1

    assert "found:" not in capsys.readouterr().out


def test_nothing_found_says_what_to_do_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", *NOWHERE]) == 1

    said = capsys.readouterr()
    assert "OPENAI_API_KEY" in said.out
    assert "ollama pull" in said.out
    assert said.err == "portfolio: no model was found to write a portfolio for\n"
    assert not Path("portfolio.yaml").exists()


def test_a_file_that_is_there_is_kept_unless_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    Path("portfolio.yaml").write_text("mine")

    assert main(["init", *NOWHERE]) == 1
    assert "--force" in capsys.readouterr().err
    assert Path("portfolio.yaml").read_text() == "mine"
    assert main(["init", *NOWHERE, "--force"]) == 0
    assert read(Path("portfolio.yaml").read_text()).portfolio is not None


def test_standard_output_gets_the_document_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", SECRET)

    assert main(["init", *NOWHERE, "--output", "-"]) == 0
    assert read(capsys.readouterr().out).portfolio is not None
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--vllm", "http://[nonsense"], {}),
        ([], {"OLLAMA_CONTEXT_LENGTH": "much"}),
        (["--output", "no/such/folder"], {}),
    ],
)
def test_nonsense_is_one_line_and_a_wrong_use(
    arguments: list[str], variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"OPENAI_API_KEY": SECRET, **variables}.items():
        monkeypatch.setenv(name, value)

    assert main(["init", *NOWHERE, *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
