from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.money import DollarText, micro_from_usd, usd_from_micro

amounts = st.integers(0, 10**15)


@given(amounts)
def test_micro_dollars_survive_the_way_to_dollars_and_back(micro: int) -> None:
    assert micro_from_usd(usd_from_micro(micro)) == micro


@given(amounts)
def test_dollars_are_told_exactly_and_plainly(micro: int) -> None:
    told = usd_from_micro(micro)

    assert Decimal(told) == Decimal(micro) / 1_000_000
    assert "E" not in told.upper()
    assert "." not in told or not told.endswith("0")


@given(st.lists(amounts, max_size=20))
def test_a_sum_of_costs_is_the_cost_of_the_sum(parts: list[int]) -> None:
    assert sum(Decimal(usd_from_micro(part)) for part in parts) == Decimal(usd_from_micro(sum(parts)))


@pytest.mark.parametrize(
    ("usd", "micro"),
    [("0", 0), ("0.01", 10_000), ("0.0000005", 1), ("0.00000049", 0), ("1", 1_000_000), (Decimal("2.5"), 2_500_000)],
)
def test_dollars_become_whole_micro_dollars_with_halves_rounded_up(usd: str | Decimal, micro: int) -> None:
    assert micro_from_usd(usd) == micro


@pytest.mark.parametrize("usd", ["9" * 13, "9" * 25, f"{'9' * 1_000_001}.999999", "1" + "0" * 18])
def test_more_dollars_than_anybody_has_are_as_many_as_a_database_holds(usd: str) -> None:
    """A client may write as many digits as fit into its request."""
    assert micro_from_usd(usd) == 10**18 < 2**63


@pytest.mark.parametrize(("micro", "usd"), [(0, "0"), (1, "0.000001"), (1_500, "0.0015"), (10_000_000, "10")])
def test_micro_dollars_are_told_as_a_decimal_string(micro: int, usd: str) -> None:
    assert usd_from_micro(micro) == usd


@pytest.mark.parametrize("told", ["1\n", "1.0000001", "-1", "1e3", "1,5", "", 1.5])
def test_what_is_no_plain_amount_of_dollars_is_refused(told: object) -> None:
    dollars = TypeAdapter(DollarText)
    assert dollars.validate_python("0.05") == "0.05"
    with pytest.raises(ValidationError, match="a string of dollars is wanted"):
        dollars.validate_python(told)
