"""A portfolio as the document that somebody could have written."""

from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from schemas.portfolio import Portfolio

COLUMNS = 110


def text_of(portfolio: Portfolio) -> str:
    """YAML of what is said, without what holds anyway; reading it gives the same revision."""
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width, yaml.sort_base_mapping_type_on_output = None, COLUMNS, False
    text = StringIO()
    yaml.dump(portfolio.model_dump(mode="json", exclude_defaults=True), text)
    return text.getvalue()
