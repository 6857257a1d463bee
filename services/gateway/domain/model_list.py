"""What may stand in ``model``: ``auto``, the lanes, the tasks, and the models of the portfolio in force, by every name.

One shape for all clients: OpenAI's ``model`` and Anthropic's have no field in common that differs.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from schemas.asking import AUTO, LANE_PREFIX, aliases_of
from schemas.content import Json
from schemas.models import Lifecycle, Model
from schemas.standing import PortfolioRevised
from services.gateway.domain.problems import Refused, no_such_model

OWNER = "model-portfolio"


def model_list(revised: PortfolioRevised) -> Json:
    """The names in the shapes of ``GET /v1/models``. Retired models cannot be asked, and are left out."""
    entries = list(_entries(revised))
    first, last = entries[0]["id"], entries[-1]["id"]
    return {"object": "list", "data": entries, "has_more": False, "first_id": first, "last_id": last}


def model_named(revised: PortfolioRevised, name: str) -> Json:
    """One of them. Raises :class:`Refused` that tells the nearest right names."""
    entries = {entry["id"]: entry for entry in _entries(revised)}
    if (found := entries.get(name)) is None:
        raise _unknown(name, list(entries))
    return found


def _unknown(name: str, known: list[str]) -> Refused:
    near = get_close_matches(name, known, n=3)
    return no_such_model(name, near or known)


def _entries(revised: PortfolioRevised) -> Iterator[Json]:
    portfolio = revised.portfolio
    models = {name: model for name, model in portfolio.models.items() if model.lifecycle is not Lifecycle.RETIRED}
    lanes = (f"{LANE_PREFIX}{lane}" for lane in portfolio.lanes)
    tasks = (task for task in portfolio.tasks if task not in portfolio.models and task not in portfolio.lanes)
    yield from (_entry(revised, name, OWNER) for name in (AUTO, *lanes, *tasks))
    yield from (_entry(revised, name, model.owner) | _facts(model) for name, model in models.items())
    for alias, name in aliases_of(portfolio):
        if name.startswith(LANE_PREFIX):
            yield _entry(revised, alias, OWNER) | {"root": name}
        elif name in models:
            yield _entry(revised, alias, models[name].owner) | _facts(models[name]) | {"root": name}


def _entry(revised: PortfolioRevised, name: str, owner: str) -> Json:
    at = revised.revised_at
    openai = {"id": name, "object": "model", "created": int(at.timestamp()), "owned_by": owner}
    return openai | {"type": "model", "display_name": name, "created_at": at.isoformat(), "lifecycle": "active"}


def _facts(model: Model) -> Json:
    """What Anthropic's clients are told of a model, and what it can do: chat, give vectors (``embeddings``), ..."""
    lifecycle = "deprecated" if model.lifecycle is Lifecycle.DEPRECATED else "active"
    retires_at = f"{model.retires.isoformat()}T00:00:00Z" if model.retires else None
    told = {"lifecycle": lifecycle, "max_input_tokens": model.context_tokens, "retires_at": retires_at}
    return {**told, "abilities": model.abilities}
