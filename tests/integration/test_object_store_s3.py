"""Content by reference in S3: what holds of a folder holds there, also for what another process wrote meanwhile.

The server is moto's, on the loopback; the client is the one of production.
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.erasure import Erasure, Sealed
from infra.objects.failures import ContentElsewhere, ContentErased, ContentLost, ObjectsAway
from infra.objects.probe import take_and_give
from infra.objects.store import KEYS, ObjectStore
from infra.objects.vault import Vault
from schemas.content import Owner

URL = "s3://portfolio/content"
SEALING = SealingConfig.model_validate({"keys": f"a:{b64encode(bytes(32)).decode()}"})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A store with one bucket."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    connection = HTTPConnection(host, port)
    connection.request("PUT", "/portfolio")
    assert connection.getresponse().status == 200
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def environment(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def today() -> date:
    """The test's own: midnight may come between two of them."""
    return datetime.now(UTC).date()


@pytest.fixture
def store() -> ObjectStore:
    return ObjectStore(ObjectsConfig(url=URL, keep_days=2))


def another() -> S3FileSystem:
    """The client of another process: it shares no connection and no list of names."""
    return S3FileSystem(skip_instance_cache=True)


async def test_twenty_megabytes_are_what_was_put(store: ObjectStore) -> None:
    content = bytes(range(256)) * 80_000
    body = await store.put(content)
    assert another().info(f"{URL}/{body.ref}")["size"] == len(content)
    assert await store.get(body) == content


async def test_what_is_gone_is_lost_and_what_was_altered_too(store: ObjectStore) -> None:
    gone, altered = await store.put(b"gone"), await store.put(b"altered")
    another().rm_file(f"{URL}/{gone.ref}")
    another().pipe_file(f"{URL}/{altered.ref}", b"changed")
    with pytest.raises(ContentLost, match="is gone"):
        await store.get(gone)
    with pytest.raises(ContentLost, match="not what its hash says"):
        await store.get(altered)


async def test_a_prefix_that_holds_nothing_of_the_day_is_another_one(store: ObjectStore) -> None:
    body = await store.put(b"content")
    elsewhere = ObjectStore(ObjectsConfig(url=f"{URL}-other", keep_days=2))
    with pytest.raises(ContentElsewhere, match="see OBJECTS_URL"):
        await elsewhere.get(body)


async def test_doctor_writes_reads_and_leaves_nothing(store: ObjectStore) -> None:
    await take_and_give(store)
    assert not any(name.startswith("doctor") for name in await store.names(""))


async def test_days_that_are_over_go_with_what_another_process_wrote_to_them(store: ObjectStore, today: date) -> None:
    kept, over = today.isoformat(), (today - timedelta(days=3)).isoformat()
    for day in (kept, over):
        await store.write(f"{day}/{uuid4().hex}", b"mine")
        assert len(await store.names(day)) > 0, "the client has seen the day's names"
        another().pipe_file(f"{URL}/{day}/{uuid4().hex}", b"another's")
    assert await store.forget(today) == 1
    assert another().find(f"{URL}/{over}") == []
    assert len(another().find(f"{URL}/{kept}")) >= 2
    assert await store.forget(today) == 0


async def test_an_erased_request_is_read_by_nobody_also_by_a_key_written_after_the_last_look(
    store: ObjectStore, today: date
) -> None:
    vault, erasure, owner = Vault(store, SEALING), Erasure(store), Owner(uuid4(), "acme", today)
    sealed = await vault.sealed(b"secret", owner)
    assert await vault.content(sealed, owner.request_id) == b"secret"
    assert await erasure.of_request(owner.request_id) == [Sealed(owner.request_id, today)]
    folder = f"{URL}/{KEYS}/{today.isoformat()}/{owner.request_id}"
    another().pipe_file(f"{folder}/{uuid4().hex}", b"another process's")
    await erasure.erase(Sealed(owner.request_id, today))
    assert another().find(folder) == []
    with pytest.raises(ContentErased):
        await vault.content(sealed, owner.request_id)


async def test_a_bucket_that_is_not_there_takes_nothing() -> None:
    with pytest.raises(ObjectsAway, match="OBJECTS_URL"):
        await ObjectStore(ObjectsConfig(url="s3://no-such-bucket/content")).put(b"content")


async def test_content_is_not_lost_where_the_bucket_is_not_there(store: ObjectStore) -> None:
    body = await store.put(b"content")
    with pytest.raises(ObjectsAway, match="no bucket of that name: see OBJECTS_URL"):
        await ObjectStore(ObjectsConfig(url="s3://no-such-bucket/content")).get(body)


@pytest.mark.parametrize("url", ["s3://no-such-bucket", "s3://no-such-bucket/content"])
async def test_where_the_bucket_is_not_there_nobody_is_told_that_nothing_is_kept(url: str, today: date) -> None:
    nowhere = ObjectStore(ObjectsConfig(url=url, keep_days=2))
    with pytest.raises(ObjectsAway, match="no bucket"):
        await nowhere.forget(today)
    with pytest.raises(ObjectsAway, match="no bucket"):
        await Erasure(nowhere).of_request(uuid4())


async def test_a_store_that_does_not_answer_is_away_and_its_content_is_not_lost(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = await store.put(b"content")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    S3FileSystem.clear_instance_cache()
    with pytest.raises(ObjectsAway, match="EndpointConnectionError"):
        await ObjectStore(ObjectsConfig(url=URL)).get(body)
