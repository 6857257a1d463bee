"""How the deployments of a group share its requests: LiteLLM's routing strategy as weights of endpoints. Pure."""

from collections.abc import Sequence

from schemas.models import MOST_WEIGHT
from services.console.domain.from_litellm.deployments import Deployment

SHUFFLE, BY_COST = "simple-shuffle", "cost-based-routing"
"""The strategies that are carried over: LiteLLM's own where a configuration says none, and the cheapest first."""
EVEN = 1.0
Weights = tuple[float | None, ...]


def weights_of(deployments: Sequence[Deployment], times: Sequence[int], strategy: object) -> Weights:
    """A weight for each deployment; none where equal ones share by themselves, or the cheapest goes first.

    A shuffle goes by weight, else by rpm, else by tpm, and passes over a deployment that does not say it. Where none
    says any, one that is written so many ``times`` has its part as often.
    """
    unsaid: Weights = (None,) * len(deployments)
    if len(deployments) < 2 or strategy == BY_COST:
        return unsaid
    if strategy in (None, SHUFFLE):
        for told in zip(*map(_measures, deployments), strict=True):
            if max(told) > 0:
                return _bounded(told)
    if len({*times}) > 1:
        return tuple(EVEN * each for each in times)
    return unsaid if len({_price(each) for each in deployments}) == 1 else (EVEN,) * len(deployments)


def _measures(deployment: Deployment) -> tuple[float, float, float]:
    connection = deployment.connection
    return deployment.weight or 0, connection.requests_per_minute or 0, connection.tokens_per_minute or 0


def _bounded(told: Sequence[float]) -> Weights:
    most = max(told)
    return tuple(told) if most <= MOST_WEIGHT else tuple(each / most for each in told)


def _price(deployment: Deployment) -> object:
    return deployment.guessed, deployment.known.input, deployment.known.output, deployment.known.above
