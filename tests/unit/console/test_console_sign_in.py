"""Who may sign in, by digests alone."""

from hashlib import sha256

import pytest

from services.console.domain.sign_in import KeysWrong, Role, holder_of, holders


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def test_a_key_leads_to_its_holder_and_role() -> None:
    known = holders(f"ann:viewer:{digest('a')}, bob:admin:{digest('b')}\n")
    found = holder_of(" b\n", known)
    assert found is not None
    assert (found.name, found.role) == ("bob", Role.ADMIN)
    assert holder_of("c", known) is None
    assert holder_of("", known) is None


def test_without_entries_nobody_has_a_key() -> None:
    assert holders("") == holders(" , ") == ()


@pytest.mark.parametrize("text", ["ann", "ann:king:" + "0" * 64, "ann:viewer:secret", f"a:viewer:{'0' * 63}"])
def test_an_entry_that_cannot_be_read_is_named_by_its_place(text: str) -> None:
    with pytest.raises(KeysWrong, match=r"entry 2 is not NAME:ROLE:SHA256") as told:
        holders(f"bob:admin:{digest('b')},{text}")
    assert "secret" not in str(told.value)


def test_two_keys_may_not_share_a_name() -> None:
    with pytest.raises(KeysWrong, match="same name"):
        holders(f"bob:admin:{digest('a')},bob:viewer:{digest('b')}")
