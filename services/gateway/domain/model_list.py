"""What may stand in ``model``: ``auto``, the lanes, and the models of the portfolio in force."""

from typing import Any

from schemas.portfolio import Lifecycle
from schemas.standing import PortfolioRevised
from services.gateway.domain.patience import LANE_PREFIX

AUTO = "auto"
OWNER = "model-portfolio"


def model_list(revised: PortfolioRevised) -> dict[str, Any]:
    """The names in OpenAI's shape of ``GET /v1/models``. Retired models cannot be asked, and are left out."""
    created = int(revised.revised_at.timestamp())
    portfolio = revised.portfolio
    names = [(AUTO, OWNER), *((f"{LANE_PREFIX}{lane}", OWNER) for lane in portfolio.lanes)]
    models = portfolio.models.items()
    names += [(name, model.owner) for name, model in models if model.lifecycle is not Lifecycle.RETIRED]
    entries = [{"id": name, "object": "model", "created": created, "owned_by": owner} for name, owner in names]
    return {"object": "list", "data": entries}
