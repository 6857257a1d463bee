"""Sealed content: read with its request's key alone, unchanged or not at all, and never once its key is gone."""

import asyncio
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.failures import ContentErased, ContentLost, KeyMissing, KeyWrong
from infra.objects.seal import DataKey, SealBroken, new_secret
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.wrong_settings import wrong_settings
from schemas.content import Body, Kin, Owner
from schemas.reaction import ContentAway, ContentOpen, Refused

FIRST, SECOND = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))
MARKER = b'{"messages": [{"role": "user", "content": "the salary of Ms Brandt"}]}'
REQUEST = uuid4()
TODAY = datetime.now(UTC).date()
OWNER = Owner(REQUEST, "acme", TODAY)


def vault(folder: Path | str, keys: str | None = f"2026-11:{FIRST}") -> Vault:
    return Vault(ObjectStore(ObjectsConfig(url=str(folder))), SealingConfig.model_validate({"keys": keys}))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def altered(body: Body, bit: int) -> Body:
    sealed = bytearray(b64decode(body.inline or ""))
    sealed[bit // 8 % len(sealed)] ^= 1 << bit % 8
    return body.model_copy(update={"inline": b64encode(sealed).decode()})


@given(st.binary(max_size=2_000))
def test_what_was_sealed_is_read_again(content: bytes) -> None:
    key = DataKey("a/2026-11-26/0", REQUEST, new_secret())
    assert key.open(key.seal(content)) == content


@given(st.binary(max_size=200), st.integers(min_value=0))
def test_any_bit_that_changed_is_refused(content: bytes, bit: int) -> None:
    key = DataKey("a/2026-11-26/0", REQUEST, new_secret())
    sealed = bytearray(key.seal(content))
    sealed[bit // 8 % len(sealed)] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        key.open(bytes(sealed))


@given(st.binary(max_size=200), st.uuids())
def test_another_requests_id_opens_nothing(content: bytes, other: UUID) -> None:
    secret = new_secret()
    sealed = DataKey("a/2026-11-26/0", REQUEST, secret).seal(content)
    with pytest.raises(SealBroken):
        DataKey("a/2026-11-26/0", other, secret).open(sealed)


@given(st.binary(max_size=40))
def test_what_is_no_sealed_content_is_refused(anything: bytes) -> None:
    with pytest.raises(SealBroken):
        DataKey("a/2026-11-26/0", REQUEST, new_secret()).open(anything)


@pytest.mark.parametrize("by_reference", [False, True])
async def test_a_sealed_body_holds_nothing_that_can_be_read(tmp_path: Path, by_reference: bool) -> None:
    kept = vault(tmp_path)
    body = await kept.sealed(MARKER, OWNER, by_reference=by_reference)
    beside = await kept.sealed(b"an answer", Kin(REQUEST, body))

    assert beside.key_id == body.key_id
    assert (body.ref is not None, body.key_id is not None) == (by_reference, True)
    everything = b"".join(path.read_bytes() for path in files(tmp_path)) + body.to_json()
    assert b"Brandt" not in everything
    assert FIRST.encode() not in everything
    assert await vault(tmp_path).content(body, REQUEST) == MARKER
    assert await vault(tmp_path).content(beside, REQUEST) == b"an answer"


async def test_a_body_in_the_open_is_read_as_it_is(tmp_path: Path) -> None:
    kept = vault(tmp_path, None)
    assert await kept.content(Body(inline="{}", sha256="", bytes=2), REQUEST) == b"{}"
    assert await kept.content(await kept.put(b"[]"), REQUEST) == b"[]"


async def test_a_body_moved_to_another_request_opens_nothing(tmp_path: Path) -> None:
    kept = vault(tmp_path)
    mine, other = await kept.sealed(MARKER, OWNER), uuid4()
    theirs = await kept.sealed(b"theirs", Owner(other, "acme", TODAY))

    with pytest.raises(ContentErased):
        await kept.content(mine, other)
    with pytest.raises(ContentLost, match="not what was sealed"):
        await kept.content(mine.model_copy(update={"key_id": theirs.key_id}), other)


@given(st.integers(min_value=0))
def test_a_sealed_body_that_changed_is_lost(bit: int) -> None:
    async def read() -> None:
        kept = vault("memory://changed")
        body = await kept.sealed(MARKER, OWNER)
        with pytest.raises(ContentLost, match="not what was sealed"):
            await kept.content(altered(body, bit), REQUEST)

    asyncio.run(read())


async def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    old = await vault(tmp_path).sealed(MARKER, OWNER)
    both = vault(tmp_path, f"2026-12:{SECOND}, 2026-11:{FIRST}")

    assert await both.content(old, REQUEST) == MARKER
    assert ((await both.sealed(b"{}", OWNER)).key_id or "").startswith("2026-12/")
    with pytest.raises(KeyMissing, match="SEALING_KEYS has no key 2026-11: give it back"):
        await vault(tmp_path, f"2026-12:{SECOND}").content(old, REQUEST)


async def test_a_key_that_is_missing_or_wrong_is_told_by_its_variable_and_name(tmp_path: Path) -> None:
    body = await vault(tmp_path).sealed(MARKER, OWNER)

    with pytest.raises(KeyMissing, match="SEALING_KEYS is not set"):
        await vault(tmp_path, None).content(body, REQUEST)
    with pytest.raises(KeyWrong, match="SEALING_KEYS: key 2026-11 is not the one") as wrong:
        await vault(tmp_path, f"2026-11:{SECOND}").content(body, REQUEST)
    assert SECOND not in str(wrong.value)
    assert vault(tmp_path).lacks(body) is None
    assert vault(tmp_path, None).lacks(body) == Refused(
        "sealing_key_missing", "SEALING_KEYS is not set: give this service the keys that content is sealed with"
    )


async def test_without_its_wrapped_key_content_is_erased_everywhere(tmp_path: Path) -> None:
    kept = vault(tmp_path)
    body, large = await kept.sealed(MARKER, OWNER), await kept.sealed(MARKER, OWNER, by_reference=True)
    for path in files(tmp_path / "keys"):
        path.unlink()

    for each in (body, large):
        with pytest.raises(ContentErased, match="erased, or is older than OBJECTS_KEEP_DAYS"):
            await kept.content(each, REQUEST)


@pytest.mark.parametrize("kept", [b"", b'{"tenant": "ac', b"\xff", b"[]", b'{"tenant": "acme", "wrapped": "%%%"}'])
async def test_a_damaged_key_loses_its_content_and_stops_nobody(tmp_path: Path, kept: bytes) -> None:
    sealing = vault(tmp_path)
    body = await sealing.sealed(MARKER, OWNER)
    [path] = files(tmp_path / "keys")
    path.write_bytes(kept)

    refused = await FetchedContents(sealing).bring(ContentAway(body, REQUEST))
    assert refused is not None
    assert refused.reason == "content_lost"
    assert f"keys/{TODAY}/{REQUEST}/{path.name} is no wrapped key" in refused.detail
    with pytest.raises(ContentLost):
        await sealing.sealed(b"an answer", Kin(REQUEST, body))


async def test_keys_are_forgotten_with_the_days_of_content(tmp_path: Path) -> None:
    store = ObjectStore(ObjectsConfig(url=str(tmp_path), keep_days=3))
    kept = Vault(store, SealingConfig.model_validate({"keys": f"a:{FIRST}"}))
    body = await kept.sealed(MARKER, OWNER)

    assert await store.forget(TODAY + timedelta(days=3)) == 0
    assert await kept.content(body, REQUEST) == MARKER
    assert await store.forget(TODAY + timedelta(days=4)) == 1
    with pytest.raises(ContentErased):
        await kept.content(body, REQUEST)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (FIRST, "a key needs a name"),
        (f"A B:{FIRST}", "a key needs a name"),
        ("2026-11:c2hvcnQ=", "key 2026-11 is not base64 of 32 bytes"),
        ("2026-11:%%%", "key 2026-11 is not base64 of 32 bytes"),
        (f"a:{FIRST},a:{SECOND}", "two keys have one name"),
    ],
)
def test_keys_that_are_none_are_told_without_them(keys: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SealingConfig.model_validate({"keys": keys})

    told = "; ".join(wrong_settings(caught.value))
    assert "SEALING_KEYS" in told
    assert says in told
    assert FIRST not in told


def test_settings_do_not_show_their_keys() -> None:
    config = SealingConfig.model_validate({"keys": f"a:{FIRST}"})
    assert config.master_keys is not None
    for shown in (repr(config), config.model_dump_json(), repr(config.master_keys)):
        assert FIRST not in shown
        assert repr(b64decode(FIRST)) not in shown
    assert SealingConfig.model_validate({"keys": " "}).master_keys is None


def test_services_that_seal_nothing_never_load_what_seals() -> None:
    apps = ", ".join(f"services.{name}.app" for name in ("profiler", "model_worker", "validator", "console"))
    script = f"import sys, {apps}; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_a_handler_seals_and_reads_what_is_sealed_once_it_was_brought(tmp_path: Path) -> None:
    contents = FetchedContents(vault(tmp_path))
    with pytest.raises(ContentOpen) as wanted:
        contents.sealed(MARKER, OWNER)
    assert await contents.bring(wanted.value) is None
    body = contents.sealed(MARKER, OWNER)

    with pytest.raises(ContentAway) as away:
        contents.text(body, REQUEST)
    assert await contents.bring(away.value) is None
    assert contents.text(body, REQUEST) == MARKER.decode()
    with pytest.raises(ContentAway) as moved:
        contents.text(body, other := uuid4())
    assert await contents.bring(moved.value) == Refused(
        "content_erased", "the content's key is gone: it was erased, or is older than OBJECTS_KEEP_DAYS"
    ), other


async def test_without_keys_a_handler_is_told_which_variable_is_missing(tmp_path: Path) -> None:
    contents = FetchedContents(vault(tmp_path, None))
    with pytest.raises(ContentOpen) as wanted:
        contents.sealed(MARKER, OWNER)
    lost = await contents.bring(wanted.value)

    assert (contents.can_seal, lost and lost.reason) == (False, "sealing_key_missing")
