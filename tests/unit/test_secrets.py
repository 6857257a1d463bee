"""Secrets stay where they belong: not in a repr, not in an error's text, and no prompt in a log."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.bus.config import BusConfig
from infra.local.processes import HOST
from infra.store.config import StoreConfig
from infra.telemetry.told_error import told
from infra.wrong_settings import wrong_settings

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "config",
    [
        BusConfig.model_validate({"kafka_sasl_username": "router", "kafka_sasl_password": SECRET}),
        StoreConfig.model_validate({"database_url": f"postgresql://router:{SECRET}@{HOST}/db"}),
    ],
    ids=lambda config: type(config).__name__,
)
def test_settings_do_not_show_their_secrets(config: BusConfig | StoreConfig) -> None:
    for shown in (repr(config), str(config), str(config.model_dump()), config.model_dump_json()):
        assert SECRET not in shown


def test_a_wrong_setting_is_told_without_its_value() -> None:
    with pytest.raises(ValidationError) as caught:
        BusConfig.model_validate({"topic_partitions": SECRET})

    assert wrong_settings(caught.value)
    assert SECRET not in "; ".join(wrong_settings(caught.value))


@given(st.text(min_size=20))
def test_an_error_is_told_by_its_type_and_place_and_never_by_its_message(prompt: str) -> None:
    try:
        try:
            ast.literal_eval("1 +")
        except SyntaxError as error:
            raise ValueError(prompt) from error
    except ValueError as error:
        text = told(error)

    assert text.startswith("ValueError after SyntaxError\n")
    assert "test_secrets.py" in text
    assert prompt not in text
