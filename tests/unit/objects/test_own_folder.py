"""Who runs alone and keeps large content where others cannot see it says so, once, with the remedy."""

import pytest

from infra.objects.config import ObjectsConfig
from infra.objects.own_folder import told_of_own_folder


def test_a_store_that_nobody_chose_is_told_with_what_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBJECTS_URL", raising=False)
    said = told_of_own_folder(ObjectsConfig()) or ""
    assert said.startswith("OBJECTS_URL is not set")
    assert "content_elsewhere" in said


def test_a_chosen_store_is_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBJECTS_URL", "/srv/objects")
    assert told_of_own_folder(ObjectsConfig()) is None
