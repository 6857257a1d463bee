"""What is done and looked at on the console's pages is recorded, on real Kafka."""

import json
from datetime import UTC, datetime, timedelta

from aiokafka.admin import AIOKafkaAdminClient
from console_at_work import app, console, pages_over, visiting
from unit.ledger.ledger_story import PROMPT, Story

from infra.bus.config import BusConfig
from schemas.content import body_of
from schemas.review import ReviewRequested
from schemas.vocabulary import Reason
from services.console.app import ConsoleApp
from services.console.commands.desk import ConsolePages

__all__ = ["app", "console"]


async def asked(app: ConsoleApp) -> str:
    """A review that is open; its request."""
    story = Story("asked of a person")
    body = body_of(json.dumps({"messages": [{"role": "user", "content": PROMPT}]}).encode())
    due_at = datetime.now(UTC) + timedelta(hours=1)
    await app.say([ReviewRequested(request=story.request, body=body, reason=Reason.TIERS_SPENT, due_at=due_at)])
    return str(story.request_id)


async def test_each_look_at_a_prompt_is_recorded_and_a_refused_one_sees_none(
    console: ConsolePages, app: ConsoleApp
) -> None:
    request_id = await asked(app)
    async with visiting(console.url, "olga") as olga, visiting(console.url, "ann") as ann:
        assert PROMPT in (await olga.see(f"/reviews/{request_id}")).text
        assert PROMPT in (await olga.see(f"/reviews/{request_id}")).text
        assert (await ann.see(f"/reviews/{request_id}")).status_code == 403
        assert (await olga.see("/record")).status_code == 403

    assert [(each.by, each.deed, each.on) for each in await app.deeds()] == [("olga", "review_seen", request_id)] * 2
    async with visiting(console.url, "ada") as ada:
        page = (await ada.see("/record")).text
        assert page.count("review seen") == 2
        assert request_id in page
        assert PROMPT not in page


async def test_a_deed_is_recorded_and_what_only_asks_is_not(console: ConsolePages, app: ConsoleApp) -> None:
    async with visiting(console.url, "olga") as olga:
        await olga.send("/breakers/reset", path="large@acme")
        assert await app.deeds() == []
        await olga.send("/breakers/reset", path="large@acme", confirmed="yes")
    assert [(each.by, each.deed, each.on) for each in await app.deeds()] == [("olga", "breaker_closed", "large@acme")]


async def forget_the_topic(bus: BusConfig) -> None:
    admin = AIOKafkaAdminClient(**bus.connection())
    await admin.start()
    await admin.delete_topics([bus.physical("operator.acted")])
    await admin.close()


async def test_without_the_record_no_prompt_is_shown(
    console: ConsolePages, app: ConsoleApp, bus_config: BusConfig
) -> None:
    request_id = await asked(app)
    await forget_the_topic(bus_config)
    verified = bus_config.model_copy(update={"topics_create": False})
    async with pages_over(verified, timeout_s=3) as pages, visiting(pages.url, "olga") as olga:
        page = await olga.see(f"/reviews/{request_id}")
    assert (page.status_code, PROMPT in page.text) == (503, False)
