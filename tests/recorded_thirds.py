"""Sums with made-up recorded answers, and a lane in which a third model settles what two differ on."""

from pathlib import Path

from infra.backtest.run import Document
from infra.local.recorded.question import Question, RecordedAnswer
from schemas.portfolio import Portfolio

PRICES = {"small": "1", "middle": "2", "other": "3", "strong": "20"}


def _question(name: str, sum_: str, *answers: tuple[str, bool]) -> Question:
    told = {f"{model}-recorded": RecordedAnswer(*answer) for model, answer in zip(PRICES, answers, strict=True)}
    return Question(name, f"What is {sum_}?", told)


RIGHT = ("It is 56.", True)
SETS = {
    "sums": [
        _question("agreed", "7 times 8, please", RIGHT, RIGHT, RIGHT, RIGHT),
        _question("the-first", "8 times 7, please", RIGHT, ("It is 54.", False), ("56", True), RIGHT),
        _question("the-second", "14 times 4, please", ("It is 54.", False), RIGHT, ("56", True), RIGHT),
        _question("nobody", "28 times 2, please", ("It is 54.", False), ("It is 55.", False), ("57", False), RIGHT),
        _question("no-answer", "112 halved, please", ("It is 54.", False), RIGHT, ("", False), RIGHT),
    ]
}
ROADS = {
    "agreed": (["small", "middle"], "small", "verified"),
    "the-first": (["small", "middle", "other"], "small", "verified"),
    "the-second": (["small", "middle", "other"], "middle", "verified"),
    "nobody": (["small", "middle", "other", "strong"], "strong", "unverified"),
    "no-answer": (["small", "middle", "other", "strong"], "strong", "unverified"),
}
"""Of each question who is asked, whose answer is given, and what it is called."""


def document(opinions: int | str = 3, **more: object) -> Document:
    """``opinions``: so many models are asked at most, until two agree; ``more``: what the lane has besides."""
    models = {
        name: {
            "kind": "api",
            "owner": "tests",
            "context_tokens": 1000,
            "endpoints": [{"provider": f"at-{name}", "model": f"{name}-recorded", "price": _price(price)}],
        }
        for name, price in PRICES.items()
    }
    checks = [{"agreement": {"opinions": opinions}}]
    lane = {"tasks": ["sums"], "tiers": [[name] for name in PRICES], "checks": checks, "max_attempts": 4, **more}
    told = {
        "defaults": {"data_class": "public", "lane": "sums"},
        "tasks": {"sums": {"describe": "sums"}},
        "providers": {f"at-{name}": {"adapter": "litellm", "vendor": name} for name in PRICES},
        "models": models,
        "lanes": {"sums": lane},
    }
    return Document(Path("made.yaml"), Portfolio.of(told))


def _price(dollars: str) -> dict[str, str]:
    return {"input": dollars, "output": dollars, "from": "2024-11-01"}
