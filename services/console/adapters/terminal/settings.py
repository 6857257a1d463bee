"""What is told of another proxy's settings, as a table."""

from collections.abc import Sequence

from rich.table import Table

from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.from_litellm.told import Told

MOST_NAMES = 4


def settings_table(told: Sequence[Told]) -> Table:
    """One row for each thing: what is to be done comes first."""
    table = plain_table("setting", "of", "", "here", whole=("",), title="What was not simply carried over from LiteLLM")
    for each in told:
        more = f", and {len(each.of) - MOST_NAMES} more" if len(each.of) > MOST_NAMES else ""
        add(table, each.setting, f"{', '.join(each.of[:MOST_NAMES])}{more}", each.fate, each.says)
    return table
