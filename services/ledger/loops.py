"""What is kept ready for the operator follows the rows, a moment later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from infra.store.database import Database
from schemas.reaction import Said
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.pruning import Pruned, Pruning
from services.ledger.adapters.scoring import Scoring

log = logging.getLogger(__name__)
AT_ONCE = 5_000
SETTLE_PAUSES = 10
"""How many pauses later a request is worked out that changed and has not ended."""
LET_GO_AT_ONCE = 1_000
LET_GO_PAUSE_S = 0.2
"""Between batches, for the digest; and a minute when nothing is left that is too old."""
LET_GO_REST_S = 60.0
Say = Callable[[Sequence[Said]], Awaitable[Mapping[int, str]]]
"""Says events; returns, by index, those that Kafka refuses for good, with the reason."""


async def run_digest(database: Database, digest: Digest, pause_s: float) -> None:
    """Work out what changed, and rest when little did. Ends by cancellation."""
    settle_s = SETTLE_PAUSES * pause_s
    while True:
        taken = await database.patiently(lambda connection: digest.some(connection, AT_ONCE, settle_s))
        if taken < AT_ONCE:
            await asyncio.sleep(pause_s)


async def run_scores(database: Database, scoring: Scoring, say: Say, pause_s: float) -> None:
    """Say what models achieve, each at most once a pause. Ends by cancellation."""
    while True:
        if scores := await database.patiently(scoring.unsaid):
            refused = await say([Said(score) for score in scores])
            for why in sorted(set(refused.values())):
                log.error("model.scored is refused (%s): look at the ledger's ACL", why)
            said = [score for index, score in enumerate(scores) if index not in refused]
            await database.patiently(lambda connection, said=said: scoring.were_said(connection, said))
        await asyncio.sleep(pause_s)


async def run_pruning(
    database: Database, pruning: Pruning, tell: Callable[[Pruned], None], rest_s: float = LET_GO_REST_S
) -> None:
    """Let go of what is too old, batch by batch, and rest when there is no more. Ends by cancellation."""
    requests = 0
    while True:
        pruned = await database.patiently(lambda connection: pruning.some(connection, LET_GO_AT_ONCE))
        tell(pruned)
        requests += pruned.requests
        if requests and not pruned.more:
            log.info("let go of %d requests that were admitted before %s", requests, pruned.before.isoformat())
            requests = 0
        await asyncio.sleep(LET_GO_PAUSE_S if pruned.more else rest_s)
