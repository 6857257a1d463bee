"""The portfolio that the tests put in force: two scripted providers, and one for each thing that can be in the way."""

from decimal import Decimal
from pathlib import Path

from schemas.content import Json
from schemas.money import usd_from_micro
from schemas.portfolio import Portfolio

USAGE: Json = {"prompt_tokens": 10, "completion_tokens": 5}
COSTS = {"acme-small": 20, "backup-small": 40, "acme-middle": 200, "backup-strong": 2_000, "abroad-large": 60}
"""Micro-dollars of one scripted answer, by the name that its provider knows: ten tokens in and five out."""

SILENT = "silent"
"""A provider whose worker is not there any more, and nobody has noticed yet."""


def document(url: str, answers: Path, acme_concurrency: int = 16) -> Portfolio:
    """Providers at ``url``/<name>, and recorded answers in a file."""
    return Portfolio.of(
        {
            "defaults": {"data_class": "internal", "lane": "simple"},
            "residency": {"confidential": ["eu"], "restricted": ["on-premises"]},
            "tasks": {name: {"describe": said} for name, said in TASKS.items()},
            "providers": {
                "acme": {**_scripted(url, "acme"), "concurrency": acme_concurrency},
                "backup": _scripted(url, "backup"),
                "thin": {**_scripted(url, "thin"), "requests_per_minute": 12},
                "abroad": {**_scripted(url, "abroad"), "region": "us"},
                SILENT: _scripted(url, SILENT),
                "recorded": {"adapter": "replay", "answers": str(answers), "region": "eu"},
            },
            "models": {
                "small": {
                    **_model(_endpoint("acme", "acme-small", 1), _endpoint("backup", "backup-small", 2)),
                    "priors": {"sums": _known(SETTLED), "riddles": _known(MISLED)},
                },
                "twin": _model(*(_caching(_endpoint(name, f"{name}-twin", 1)) for name in ("acme", "backup"))),
                "narrow": _model(_endpoint("thin", "thin-narrow", 1), _endpoint("backup", "backup-narrow", 1)),
                "middle": _model(_endpoint("acme", "acme-middle", 10)),
                "busy": _model(_endpoint("acme", "acme-busy", 1)),
                "crowded": _model(_endpoint("acme", "acme-crowded", 1)),
                "full": _model(_endpoint("backup", "backup-full", 1)),
                "strong": _model(_endpoint("backup", "backup-strong", 100)),
                "large": _model(_endpoint("abroad", "abroad-large", 3)),
                "quiet": _model(_endpoint(SILENT, "silent-model", 1)),
                "wide": {
                    **_model(_endpoint("acme", "acme-wide", 1), _endpoint("backup", "backup-wide", 2)),
                    "context_tokens": 1_000_000,
                },
                "vast": {**_model(_endpoint("acme", "acme-vast", 1)), "context_tokens": 10_000_000},
                "embedder": {
                    **_model(_endpoint("acme", "acme-embed", 1), _endpoint("backup", "backup-embed", 2)),
                    "abilities": ["embeddings"],
                },
                "other-embedder": {**_model(_endpoint("acme", "acme-other-embed", 1)), "abilities": ["embeddings"]},
                "vetted": {**_model(_endpoint("backup", "backup-vetted", 100)), "policy_approved": True},
                "parrot": _model(_endpoint("recorded", "parrot", 1)),
            },
            "lanes": _lanes(),
            "tenants": {"thrifty": {"budget_usd_per_month": usd_from_micro(100 * COSTS["acme-middle"])}},
            "policies": {"advice": {"require": ["This is not legal advice."], "leaks": ["card"]}},
        }
    )


OPINIONS: Json = {"agreement": {"opinions": 3}}
FOUR = [["small"], ["large"], ["middle"], ["strong"]]
BY_PLAN: Json = {"agreement": {"opinions": "planned"}}
TASKS = {"faq": "questions", "extraction": "facts as JSON", "sums": "much is known", "riddles": "much is known"}
"""The last two are asked by one test each, so that nobody else's answers say what models are worth at them."""
SETTLED, MISLED = (0.17, 0.01), (0.04, 0.14)
"""What a third settles of the fifth of all questions on which two differ: shares of all, right and wrong."""


def _known(settled: tuple[float, float]) -> Json:
    """What recorded answers taught of the small model, confirmed by the large one, and by the middle one settled."""
    rest = round(0.2 - sum(settled), 4)
    third = {"by": "middle", **_shares(*settled), "after": {"strong": _shares(rest, 0)}}
    after = {"middle": _shares(0.1, 0.1), "strong": _shares(0.19, 0.01)}
    confirmed = {"by": "large", **_shares(0.79, 0.01), "after": after, "third": third}
    return {**_shares(0.85, 0.15), "answers": 50, "source": "made", "confirmed": confirmed}


def _shares(success: float, false_accepts: float) -> Json:
    return {"success": success, "false_accepts": false_accepts}


def _lanes() -> Json:
    patient = {"deadline_s": 100, "checks": ["format"], "max_attempts": 6, "learns": False, "budget_usd": "1"}
    return {
        "simple": {**patient, "tasks": ["faq", "extraction"], "tiers": [["small"], ["middle"], ["strong"]]},
        "agreed": {**patient, "tiers": [["small", "middle"], ["strong"]], "checks": ["format", "agreement"]},
        "settled": {**patient, "tiers": FOUR, "checks": [OPINIONS]},
        "weighed": {**patient, "tiers": FOUR, "checks": [BY_PLAN], "learns": True, "explore": 0.0},
        "judged": {**patient, "tiers": [["small"], ["strong"]], "checks": [{"judge": {"ask": ["middle"]}}]},
        "ruled": {**patient, "tiers": [["small"], ["strong"]], "checks": [{"policy": "advice"}], "repairs": 0},
        "vetted": {**_vetted(patient), "reviews": {"ask": "clerks", "within_s": 60}},
        "live": {**patient, "tiers": [["small"], ["strong"]], "repairs": 0, "stream": "live"},
        "wide": {**patient, "tiers": [["wide"]]},
        "roomy": {**patient, "tiers": [["small", "middle", "wide"], ["strong"]]},
        "vast": {**patient, "tiers": [["vast"]], "budget_usd": "100"},
        "staffed": {**patient, "tiers": [["middle"]], "reviews": {"ask": "clerks", "within_s": 60}, "repairs": 0},
        "unstaffed": {**patient, "tiers": [["middle"]], "reviews": {"ask": "clerks", "within_s": 1}, "repairs": 0},
        "later": {**patient, "tiers": [["middle"]], "reviews": _late(120), "repairs": 0, "deadline_s": 4},
        "late": {**patient, "tiers": [["middle"]], "reviews": _late(6), "repairs": 0, "deadline_s": 4},
        "vectors": {**patient, "tiers": [["embedder"], ["other-embedder"]], "checks": []},
        "alone": {**patient, "tiers": [["middle"]]},
        "shared": {**patient, "tiers": [["twin"]]},
        "narrow": {**patient, "tiers": [["narrow"]]},
        "mirrored": {**patient, "tiers": [["small"]], "mirror": {"lane": "alone", "share": 1}},
        "thrifty": {**patient, "tiers": [["middle"]], "budget_usd": usd_from_micro(COSTS["acme-middle"])},
        "busy": {**patient, "tiers": [["busy"]]},
        "crowded": {**patient, "tiers": [["crowded"]]},
        "full": {**patient, "tiers": [["full"]]},
        "mixed": {**patient, "tiers": [["large"], ["strong"]]},
        "abroad": {**patient, "tiers": [["large"]]},
        "replayed": {**patient, "tiers": [["parrot"], ["strong"]]},
        "impatient": {**patient, "tiers": [["small"], ["strong"]], "deadline_s": 10, "on_hang_up": "cancel"},
        "brief": {**patient, "tiers": [["middle"]], "deadline_s": 6, "max_attempts": 1},
        "left": {**patient, "tiers": [["quiet"], ["strong"]], "deadline_s": 10},
        "kept": {**patient, "tiers": [["small"], ["middle"]], "repairs": 0, "cache": {"for_s": 600}},
        "lost": {**patient, "tiers": [["quiet"]], "max_attempts": 1},
    }


def _vetted(lane: Json) -> Json:
    """Where a policy is checked, and the last tier alone is approved."""
    return {**lane, "tiers": [["small"], ["middle"], ["vetted"]], "checks": [{"policy": "advice"}]}


def _late(within_s: int) -> Json:
    """People who may answer after the deadline."""
    return {"ask": "clerks", "within_s": within_s, "after_deadline_s": within_s}


def _scripted(url: str, name: str) -> Json:
    """Calls that one test lets fail do not set a path aside for the tests after it."""
    breaker = {"least_calls": 1_000}
    return {"adapter": "openai_compatible", "base_url": f"{url}/{name}/v1", "region": "eu", "breaker": breaker}


def _model(*endpoints: Json) -> Json:
    abilities = ["chat", "json", "tools"]
    told = {"kind": "api", "owner": "tests", "context_tokens": 8_000, "abilities": abilities}
    return {**told, "endpoints": list(endpoints)}


def _endpoint(provider: str, name: str, dollars: int) -> Json:
    return {"provider": provider, "model": name, "price": {"input": str(dollars), "output": str(2 * dollars)}}


def _caching(endpoint: Json) -> Json:
    """What was read before costs a tenth there."""
    price = endpoint["price"]
    return {**endpoint, "price": {**price, "cached_input": str(Decimal(price["input"]) / 10)}}
