"""A trace's spans are all drawn, each once, after its parent and inside the whole."""

from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.waterfall import Bar, Span, waterfall

NAMES = [f"s{number}" for number in range(8)]


def span(name: str, parent: str | None = None, start: int = 0, took: int = 10) -> Span:
    return Span(name, parent, "router", f"work {name}", start, took)


def outline(bars: list[Bar]) -> list[tuple[str, int]]:
    return [(bar.span.span_id, bar.depth) for bar in bars]


def test_children_follow_their_parent_in_the_order_of_their_start() -> None:
    spans = [span("b", "a", 20), span("a"), span("d", "b", 30), span("c", "a", 10)]

    assert outline(waterfall(spans)) == [("a", 0), ("c", 1), ("b", 1), ("d", 2)]


def test_offsets_and_widths_are_shares_of_the_whole() -> None:
    bars = waterfall([span("a", None, 1_000, 4_000), span("b", "a", 3_000, 1_000)])

    assert [(bar.offset, bar.width) for bar in bars] == [(0, 1), (0.5, 0.25)]
    assert (bars[1].offset_ms, bars[1].duration_ms) == (2, 1)


def test_a_span_whose_parent_is_missing_is_an_orphan() -> None:
    bars = waterfall([span("a"), span("b", "gone", 5), span("c", "b", 6)])

    assert [(bar.span.span_id, bar.orphan) for bar in bars] == [("a", False), ("b", True), ("c", False)]


def test_nothing_is_drawn_of_nothing() -> None:
    assert waterfall([]) == []


@given(
    st.lists(
        st.builds(
            Span,
            st.sampled_from(NAMES),
            st.none() | st.sampled_from([*NAMES, "gone"]),
            st.just("router"),
            st.just("work"),
            st.integers(0, 1_000),
            st.integers(0, 1_000),
        )
    )
)
def test_any_trace_is_drawn_whole(spans: list[Span]) -> None:
    """Even with loops, missing parents and spans told twice."""
    bars = waterfall(spans)
    drawn = [bar.span.span_id for bar in bars]

    assert sorted(drawn) == sorted({each.span_id for each in spans})
    assert all(0 <= bar.offset <= 1 and 0 <= bar.width <= 1 for bar in bars)
    for number, bar in enumerate(bars):
        if bar.depth:
            assert bar.span.parent_id in drawn[:number]
