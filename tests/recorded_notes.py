"""Questions with made-up recorded answers, and a portfolio that is asked them: every turn that a backtest can take."""

from pathlib import Path

from infra.backtest.run import Document
from infra.local.recorded.question import Question, RecordedAnswer
from schemas.portfolio import Portfolio

MODELS = ("small", "middle", "strong")


def _question(name: str, prompt: str, *answers: tuple[str, bool]) -> Question:
    told = {f"{model}-recorded": RecordedAnswer(*answer) for model, answer in zip(MODELS, answers, strict=True)}
    return Question(name, prompt, told)


NOTE = "Write a note on the sea without any commas."
SETS = {
    "sums": [
        _question("agreed", "What is 7 times 6?", ("It is 42.", True), ("42", True), ("42", True)),
        _question("disagreed", "What is 7 times 8?", ("It is 54.", False), ("56", True), ("56", True)),
        _question("agreed-and-wrong", "What is 7 times 9?", ("It is 62.", False), ("62", False), ("63", True)),
    ],
    "notes": [
        _question("met", f"{NOTE} One.", ("The sea is wide.", True), ("Wide.", True), ("Deep.", True)),
        _question("second", f"{NOTE} Two.", ("Wide, deep.", False), ("The sea is wide.", True), ("Deep.", True)),
        _question("nobody", f"{NOTE} Three.", ("Wide, deep.", False), ("Big, deep.", False), ("Blue, deep.", False)),
    ],
}


def document(**lane: object) -> Document:
    """``lane``: what the lane of notes has besides, or instead."""
    price = {"input": "1", "output": "2", "from": "2024-11-01"}
    models = {
        name: {
            "kind": "api",
            "owner": "tests",
            "context_tokens": 1000,
            "endpoints": [{"provider": f"at-{name}", "model": f"{name}-recorded", "price": price}],
        }
        for name in MODELS
    }
    tiers = [[name] for name in MODELS]
    notes = {"tasks": ["notes"], "tiers": tiers, "checks": ["format", "demands"], "max_attempts": 7}
    portfolio = {
        "defaults": {"data_class": "public", "lane": "sums"},
        "tasks": {"sums": {"describe": "sums"}, "notes": {"describe": "notes"}},
        "providers": {f"at-{name}": {"adapter": "litellm", "vendor": name} for name in MODELS},
        "models": models,
        "lanes": {
            "sums": {"tasks": ["sums"], "tiers": tiers, "checks": ["agreement"]},
            "notes": notes | lane,
        },
    }
    return Document(Path("made.yaml"), Portfolio.of(portfolio))
