"""Content by reference on a real bus: fetched before the handler decides, and waited for while its store is away."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bus_at_work import LETTERS, Client, at_work, bus_of, echo, feedback, request_id, told_in

from infra.bus.config import BusConfig
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.failures import ObjectsAway
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Body, Owner
from schemas.reaction import Reaction, Received
from schemas.review import FeedbackRecorded


class Reads:
    """A handler whose event's note is a body; what it read of each."""

    def __init__(self, contents: FetchedContents) -> None:
        self._contents = contents
        self.read: list[str] = []

    def __call__(self, event: FeedbackRecorded, received: Received) -> Reaction:
        if event.note is not None:
            self.read.append(self._contents.text(Body.read(event.note), event.request_id))
        return echo(event.model_copy(update={"note": None}), received)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(ObjectsConfig(url=str(tmp_path)))


async def test_a_handler_is_called_again_with_the_content(
    bus_config: BusConfig, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = FetchedContents(Vault(store, SealingConfig()))
    handler = Reads(contents)
    bodies = [await store.put(text * 1_000_000) for text in (b"one", b"two")]
    get, away = store.get, [ObjectsAway("away")]

    async def hesitant(body: Body) -> bytes:
        if away:
            raise away.pop()
        return await get(body)

    monkeypatch.setattr(store, "get", hesitant)
    async with Client(bus_config) as client, at_work(bus_of(bus_config, handler, contents=contents)):
        for number, body in enumerate(bodies):
            await client.tell(number, note=body.to_json().decode())
        await client.tell(2)

        assert set(await client.told(3)) == {request_id(number) for number in range(3)}
        assert await client.log(LETTERS, 0) == []
    assert sorted(handler.read) == ["one" * 1_000_000, "two" * 1_000_000]


async def test_an_event_whose_content_is_lost_is_a_dead_letter_and_the_next_is_served(
    bus_config: BusConfig, store: ObjectStore
) -> None:
    contents = FetchedContents(Vault(store, SealingConfig()))
    body = await store.put(b"one")
    altered = body.model_copy(update={"sha256": "0" * 64}).to_json().decode()
    async with Client(bus_config) as client, at_work(bus_of(bus_config, Reads(contents), contents=contents)):
        await client.tell(1, note=altered)
        await client.tell(2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert told_in(letter, "reason") == "content_lost"
    assert letter.value == feedback(1, altered).to_json()


async def test_what_a_service_has_no_key_for_is_put_aside_whole_and_handled_once_the_key_is_back(
    bus_config: BusConfig, store: ObjectStore
) -> None:
    keys = SealingConfig.model_validate({"keys": f"a:{b64encode(bytes(32)).decode()}"})
    owner = Owner(request_id(1), "acme", datetime.now(UTC).date())
    note = (await Vault(store, keys).sealed(b"secret", owner)).to_json().decode()
    without, with_key = (FetchedContents(Vault(store, each)) for each in (SealingConfig(), keys))
    async with Client(bus_config) as client:
        async with at_work(bus_of(bus_config, Reads(without), contents=without)):
            await client.tell(1, note=note)
            (letter,) = await client.log(LETTERS, 1)
        assert told_in(letter, "reason") == "sealing_key_missing"
        assert letter.value == feedback(1, note).to_json()

        reads = Reads(with_key)
        async with at_work(bus_of(bus_config, reads, contents=with_key)):
            await client.send(letter.value, key=letter.key)
            assert await client.told(1) == [request_id(1)]
        assert reads.read == ["secret"]
