"""Content by reference: written once, read with its hash checked, and gone when its time is over. In a real folder."""

import asyncio
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fsspec.registry import known_implementations
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.failures import ContentElsewhere, ContentLost, ObjectsAway
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.wrong_settings import wrong_settings
from schemas.content import Body, body_of
from schemas.reaction import ContentAway

REQUEST = uuid4()
NOWHERE = "2026-05-04/" + "0" * 32


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(ObjectsConfig(url=str(tmp_path / "objects")))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("scheme", ["", "file://"])
async def test_what_was_put_is_what_is_got(tmp_path: Path, scheme: str) -> None:
    store = ObjectStore(ObjectsConfig(url=f"{scheme}{tmp_path}/a/b"))
    content = "größer".encode() * 1_000_000
    body = await store.put(content)

    assert (body.inline, body.bytes) == (None, len(content))
    assert await store.get(body) == content
    assert await ObjectStore(ObjectsConfig(url=f"{scheme}{tmp_path}/a/b")).get(body) == content


async def test_the_same_content_twice_is_two_objects(store: ObjectStore) -> None:
    first, second = await store.put(b"{}"), await store.put(b"{}")

    assert first.ref != second.ref
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("altered", [b"", b"other", b"content and more"])
async def test_content_that_is_not_what_its_hash_says_is_lost(
    store: ObjectStore, tmp_path: Path, altered: bytes
) -> None:
    body = await store.put(b"content")
    [path] = files(tmp_path)
    path.write_bytes(altered)

    with pytest.raises(ContentLost, match="not what its hash says"):
        await store.get(body)


async def test_content_that_is_gone_is_lost(store: ObjectStore, tmp_path: Path) -> None:
    body = await store.put(b"content")
    [path] = files(tmp_path)
    path.unlink()

    with pytest.raises(ContentLost, match="is gone"):
        await store.get(body)


async def test_a_store_that_holds_nothing_of_the_day_is_another_one(store: ObjectStore, tmp_path: Path) -> None:
    body = await store.put(b"content")
    another = ObjectStore(ObjectsConfig(url=str(tmp_path / "unmounted")))

    with pytest.raises(ContentElsewhere, match="see OBJECTS_URL"):
        await another.get(body)


@pytest.mark.parametrize(("keep_days", "ref"), [(0, NOWHERE), (31, NOWHERE), (31, NOWHERE.replace("05-04", "99-99"))])
async def test_a_day_that_is_over_or_is_none_is_in_no_other_store(tmp_path: Path, keep_days: int, ref: str) -> None:
    store = ObjectStore(ObjectsConfig(url=str(tmp_path), keep_days=keep_days))

    with pytest.raises(ContentLost, match="is gone") as told:
        await store.get(Body(ref=ref, sha256="", bytes=1))
    assert not isinstance(told.value, ContentElsewhere)


ELSEWHERE = ["../secret", "/etc/passwd", "2026-05-04/../../secret", "http://169.254.169.254/", f"{NOWHERE}\n"]


@given(st.text() | st.sampled_from(ELSEWHERE))
def test_a_reference_leads_to_objects_of_the_store_and_nowhere_else(ref: str) -> None:
    store = ObjectStore(ObjectsConfig(url="memory://nothing"))
    with pytest.raises(ContentLost, match="refers to nothing"):
        asyncio.run(store.get(Body(ref=ref, sha256="", bytes=1)))


async def test_more_than_the_largest_is_not_even_read(tmp_path: Path) -> None:
    store = ObjectStore(ObjectsConfig(url=str(tmp_path), largest_bytes=2_000))
    body = await store.put(b"x" * 3_000)

    with pytest.raises(ContentLost, match="refers to nothing"):
        await store.get(body)


async def test_a_store_that_does_not_answer_is_away_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where a folder should be")
    store = ObjectStore(ObjectsConfig(url=str(tmp_path / "objects")))

    with pytest.raises(ObjectsAway, match="see OBJECTS_URL"):
        await store.put(b"{}")
    with pytest.raises(ObjectsAway, match="see OBJECTS_URL"):
        await store.get(Body(ref=NOWHERE, sha256="", bytes=1))


async def test_a_write_that_ends_midway_leaves_nothing_under_its_name(store: ObjectStore, tmp_path: Path) -> None:
    await store.write("keys/a", b"whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        for name in ("keys/a", "keys/b"):
            with pytest.raises(ObjectsAway, match="takes nothing now"):
                await store.write(name, b"x" * 8_192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (await store.read("keys/a"), await store.read("keys/b")) == (b"whole", None)
    assert [path.name for path in files(tmp_path)] == ["a"]


async def test_days_that_are_over_are_removed_and_nothing_else(tmp_path: Path) -> None:
    store = ObjectStore(ObjectsConfig(url=str(tmp_path), keep_days=3))
    body = await store.put(b"{}")
    (tmp_path / "of somebody else").mkdir()
    today = datetime.now(UTC).date()

    assert await store.forget(today + timedelta(days=3)) == 0
    assert await store.get(body) == b"{}"
    assert await store.forget(today + timedelta(days=4)) == 1
    assert files(tmp_path) == []
    assert (tmp_path / "of somebody else").exists()


async def test_nothing_is_removed_where_the_store_has_rules_of_its_own(tmp_path: Path) -> None:
    store = ObjectStore(ObjectsConfig(url=str(tmp_path), keep_days=0))
    await store.put(b"{}")

    assert await store.forget(datetime.now(UTC).date() + timedelta(days=999)) == 0
    assert len(files(tmp_path)) == 1
    assert await ObjectStore(ObjectsConfig(url=str(tmp_path / "none"))).forget(datetime.now(UTC).date()) == 0


async def test_a_handler_gets_inline_content_at_once_and_other_content_when_it_was_fetched(store: ObjectStore) -> None:
    contents = FetchedContents(Vault(store, SealingConfig()))
    body = await store.put(b'{"a": 1}')

    assert contents.text(body_of(b"[]"), REQUEST) == "[]"
    with pytest.raises(ContentAway):
        contents.text(body, REQUEST)
    assert await contents.bring(ContentAway(body, REQUEST)) is None
    assert contents.text(body, REQUEST) == '{"a": 1}'
    with pytest.raises(ContentAway):
        contents.text(await store.put(b"{}"), REQUEST)


async def test_a_handler_that_needs_four_contents_gets_them(store: ObjectStore) -> None:
    contents = FetchedContents(Vault(store, SealingConfig()))
    bodies = [await store.put(f'"{n}"'.encode()) for n in range(5)]
    for body in bodies:
        assert await contents.bring(ContentAway(body, REQUEST)) is None

    assert [contents.text(body, REQUEST) for body in bodies[1:]] == ['"1"', '"2"', '"3"', '"4"']
    with pytest.raises(ContentAway):
        contents.text(bodies[0], REQUEST)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nosuchscheme://x", "OBJECTS_URL: no object store is known for nosuchscheme://"),
        ("hdfs://host/x", "OBJECTS_URL: hdfs:// needs the package fsspec_of_nobody"),
    ],
)
def test_a_store_that_cannot_be_opened_is_a_wrong_setting(url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_implementations, "hdfs", {"class": "fsspec_of_nobody.Store"})
    with pytest.raises(ValidationError) as caught:
        ObjectsConfig(url=url)
    assert "; ".join(wrong_settings(caught.value)).startswith(says)


@pytest.mark.parametrize("url", [".portfolio/objects", "/var/objects", "file:///var/objects", "memory://x"])
def test_folders_and_known_stores_are_right(url: str) -> None:
    assert ObjectsConfig(url=url).url == url
