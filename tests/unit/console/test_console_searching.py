"""From a form's words to the ledger's parameters."""

from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.searching import search_of


def test_words_and_times_become_parameters_and_tiers_count_from_one() -> None:
    search = search_of({"lane": " simple ", "tier": "2", "from": "2026-05-01T14:00", "model": "", "state": "failed"})
    assert search.asked == {
        "limit": "50",
        "state": "failed",
        "lane": "simple",
        "tier": "1",
        "since": "2026-05-01T14:00:00+00:00",
    }
    assert search.wrong == ()


def test_what_cannot_be_read_is_named_and_not_asked() -> None:
    search = search_of({"tier": "top", "to": "yesterday", "state": "lost", "task": "faq"})
    assert [each.partition(":")[0] for each in search.wrong] == ["state", "tier", "to"]
    assert search.asked == {"limit": "50", "task": "faq"}
    assert search.written["to"] == "yesterday"


@given(st.dictionaries(st.sampled_from(["tier", "from", "to", "state", "reason", "cursor", "x"]), st.text()))
def test_anything_can_be_written_into_the_form(form: dict[str, str]) -> None:
    search = search_of(form)
    assert set(search.asked) <= {"limit", "tier", "since", "until", "state", "reason", "cursor"}
