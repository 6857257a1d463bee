"""Batches are known for less time than their files are kept."""

import pytest

from services.gateway.config import GatewayConfig, KeptTooLong


@pytest.mark.parametrize(("objects_days", "days"), [(31, 30), (60, 30), (0, 30), (7, 6), (1, 1)])
def test_untold_it_is_a_day_less_than_objects_are_kept(objects_days: int, days: int) -> None:
    assert GatewayConfig().within(objects_days).batch_keep_days == days


@pytest.mark.parametrize(("objects_days", "days"), [(41, 40), (0, 400), (3, 2)])
def test_what_was_told_holds_where_objects_are_kept_longer(objects_days: int, days: int) -> None:
    config = GatewayConfig(batch_keep_days=days)
    assert config.within(objects_days) is config


@pytest.mark.parametrize(("objects_days", "days"), [(31, 40), (31, 31)])
def test_what_was_told_and_is_too_long_is_refused_with_both_names(objects_days: int, days: int) -> None:
    with pytest.raises(KeptTooLong, match=f"GATEWAY_BATCH_KEEP_DAYS is {days}, and OBJECTS_KEEP_DAYS {objects_days}:"):
        GatewayConfig(batch_keep_days=days).within(objects_days)
