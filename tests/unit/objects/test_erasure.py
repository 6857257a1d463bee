"""Erasing by request, and by tenant and day: only what was meant, and never back again."""

from base64 import b64encode
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.erasure import Erasure, Sealed
from infra.objects.failures import ContentErased, ObjectsAway
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Body, Owner

DAY = date(2026, 11, 1)
KEYS = SealingConfig.model_validate({"keys": f"a:{b64encode(bytes(32)).decode()}"})
Owners = st.lists(
    st.builds(Owner, st.uuids(), st.sampled_from(["acme", "globex"]), st.dates(DAY, DAY + timedelta(days=3))),
    max_size=6,
    unique_by=lambda owner: owner.request_id,
)


def opened(url: str) -> tuple[Vault, Erasure]:
    store = ObjectStore(ObjectsConfig(url=url))
    return Vault(store, KEYS), Erasure(store)


async def is_readable(vault: Vault, body: Body, request_id: UUID) -> bool:
    try:
        return await vault.content(body, request_id) == b"secret"
    except ContentErased:
        return False


async def test_a_request_is_erased_with_all_its_keys_and_no_other(tmp_path: Path) -> None:
    vault, erasure = opened(str(tmp_path))
    mine, other = Owner(uuid4(), "acme", DAY), Owner(uuid4(), "acme", DAY)
    bodies = [await vault.sealed(b"secret", each) for each in (mine, mine, other)]

    [found] = await erasure.of_request(mine.request_id)
    assert found == Sealed(mine.request_id, DAY)
    for _ in range(2):
        await erasure.erase(found)
    assert await erasure.of_request(mine.request_id) == []
    assert [await is_readable(vault, body, mine.request_id) for body in bodies[:2]] == [False, False]
    assert await is_readable(vault, bodies[2], other.request_id)


async def test_of_an_id_that_two_tenants_used_each_has_its_own_keys_erased(tmp_path: Path) -> None:
    vault, erasure = opened(str(tmp_path))
    request_id, after = uuid4(), DAY + timedelta(days=1)
    owners = [Owner(request_id, tenant, DAY) for tenant in ("acme", "globex") * 6]
    bodies = [(owner, await vault.sealed(b"secret", owner)) for owner in owners]

    for tenant, readable in (("nobody", {"acme", "globex"}), ("acme", {"globex"}), ("globex", set[str]())):
        for found in await erasure.of_tenant(tenant, after):
            await erasure.erase(found)
        for owner, body in bodies:
            assert await is_readable(vault, body, request_id) == (owner.tenant in readable)


async def test_what_somebody_else_left_among_the_keys_stops_no_erasure(tmp_path: Path) -> None:
    vault, erasure = opened(str(tmp_path))
    mine = Owner(uuid4(), "acme", DAY)
    body = await vault.sealed(b"secret", mine)
    for place in ("keys/.DS_Store", f"keys/{DAY}/.DS_Store", f"keys/{DAY}/{mine.request_id}/.DS_Store"):
        (tmp_path / place).write_bytes(b"\x00\x00\x00\x01Bud1")

    [found] = await erasure.of_tenant("acme", DAY + timedelta(days=1))
    assert [each.day for each in await erasure.of_request(mine.request_id)] == [DAY]
    await erasure.erase(found)
    assert not await is_readable(vault, body, mine.request_id)


async def test_where_nothing_was_ever_sealed_nothing_is_found(tmp_path: Path) -> None:
    _, erasure = opened(str(tmp_path))
    assert await erasure.of_request(uuid4()) == []
    assert await erasure.of_tenant("acme", DAY) == []


async def test_a_store_that_is_away_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, erasure = opened(str(tmp_path / "file"))
    with pytest.raises(ObjectsAway, match="see OBJECTS_URL"):
        await erasure.of_request(uuid4())


@given(Owners, st.dates(DAY, DAY + timedelta(days=4)))
async def test_a_tenants_days_before_one_are_erased_and_nothing_else(owners: list[Owner], before: date) -> None:
    vault, erasure = opened(f"memory://{uuid4().hex}")
    bodies = {owner: await vault.sealed(b"secret", owner) for owner in owners}
    for found in await erasure.of_tenant("acme", before):
        await erasure.erase(found)

    for owner, body in bodies.items():
        is_meant = owner.tenant == "acme" and owner.day < before
        assert await is_readable(vault, body, owner.request_id) == (not is_meant)
