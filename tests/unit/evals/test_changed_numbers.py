"""An answer with one result changed: an error that is really there."""

from hypothesis import given
from hypothesis import strategies as st

from infra.evals.changed_numbers import with_one_changed


@given(st.integers(0, 10**6))
def test_one_digit_is_another_and_always_the_same_one(result: int) -> None:
    text = f"It is x = {result:,} in all"
    changed = with_one_changed(text)
    assert changed is not None
    assert sum(one != other for one, other in zip(text, changed, strict=True)) == 1
    assert changed == with_one_changed(text)


def test_without_a_result_there_is_nothing_to_change() -> None:
    assert with_one_changed("about 40, or x = y") is None
