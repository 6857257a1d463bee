"""A look at the object store: it leaves nothing behind, and tells which data keys the keys at hand open."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.failures import ObjectsAway
from infra.objects.probe import MOST_LOOKED_AT, keys_that_fit, take_and_give
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Owner

FIRST, SECOND = (f"{name}:{b64encode(bytes([n]) * 32).decode()}" for n, name in ((1, "old"), (2, "new")))
OTHER = f"old:{b64encode(bytes([3]) * 32).decode()}"
TODAY = datetime.now(UTC).date()


def store_in(folder: Path | str) -> ObjectStore:
    return ObjectStore(ObjectsConfig(url=str(folder)))


def vault(store: ObjectStore, keys: str | None) -> Vault:
    return Vault(store, SealingConfig.model_validate({"keys": keys}))


def test_what_takes_and_gives_is_left_as_it_was(tmp_path: Path) -> None:
    asyncio.run(take_and_give(store_in(tmp_path)))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_a_store_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ObjectsAway, match="OBJECTS_URL"):
        await take_and_give(store_in(tmp_path / "file" / "below"))


@pytest.mark.parametrize(("keys", "opened"), [(FIRST, 1), (f"{SECOND},{FIRST}", 1), (SECOND, 0), (OTHER, 0), (None, 0)])
async def test_a_data_key_fits_where_a_key_of_any_name_opens_it(tmp_path: Path, keys: str | None, opened: int) -> None:
    store = store_in(tmp_path)
    await vault(store, FIRST).key_for(Owner(uuid4(), "acme", TODAY))
    assert await keys_that_fit(store, vault(store, keys)) == (1, opened)


async def test_only_a_few_of_the_newest_days_are_looked_at(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for age in range(MOST_LOOKED_AT + 2):
        sealed_with = FIRST if age < MOST_LOOKED_AT else SECOND
        await vault(store, sealed_with).key_for(Owner(uuid4(), "acme", TODAY - timedelta(days=age)))
    assert await keys_that_fit(store, vault(store, FIRST)) == (MOST_LOOKED_AT, MOST_LOOKED_AT)


async def test_where_nothing_was_sealed_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "keys" / TODAY.isoformat() / "no-request").mkdir(parents=True)
    store = store_in(tmp_path)
    assert await keys_that_fit(store, vault(store, FIRST)) == (0, 0)
