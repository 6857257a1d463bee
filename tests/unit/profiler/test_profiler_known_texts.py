"""Texts that come again are looked through once, and long ones beside the other work."""

from pytest import MonkeyPatch, mark, raises

from schemas.reaction import LongWork
from schemas.sensitive import Finding, Kind, find
from services.profiler.domain import known_texts
from services.profiler.domain.known_texts import WORTH_KEEPING, KnownTexts

CARD = f"4111 1111 1111 1111{' ' * WORTH_KEEPING}"
MAIL = f"ada@example.com{' ' * WORTH_KEEPING}"


def counted(monkeypatch: MonkeyPatch) -> list[str]:
    """The texts that are looked through from now on."""
    looked: list[str] = []

    def looking(text: str) -> tuple[Finding, ...]:
        looked.append(text)
        return find(text)

    monkeypatch.setattr(known_texts, "find", looking)
    return looked


def test_a_text_is_looked_through_once_however_often_it_comes(monkeypatch: MonkeyPatch) -> None:
    looked, known = counted(monkeypatch), KnownTexts()
    assert known.kinds_in((CARD,)) == {Kind.CARD}
    assert known.kinds_in((CARD, MAIL, CARD)) == {Kind.CARD, Kind.EMAIL}
    assert looked == [CARD, MAIL]


def test_those_that_came_longest_ago_are_forgotten(monkeypatch: MonkeyPatch) -> None:
    looked, known = counted(monkeypatch), KnownTexts(most_kept=2)
    for text in (CARD, MAIL, CARD, MAIL + MAIL, CARD, MAIL):
        known.kinds_in((text,))
    assert looked == [CARD, MAIL, MAIL + MAIL, MAIL]


@mark.parametrize("texts", [(CARD, MAIL), (CARD, CARD, MAIL)])
def test_what_is_long_is_left_to_be_done_elsewhere_and_known_then(texts: tuple[str, ...]) -> None:
    known = KnownTexts(longest_at_once=len(CARD) + len(MAIL) - 1)
    with raises(LongWork) as raised:
        known.kinds_in(texts)
    raised.value.work()
    assert known.kinds_in(texts) == {Kind.CARD, Kind.EMAIL}


def test_what_is_known_already_does_not_make_a_request_long() -> None:
    known = KnownTexts(longest_at_once=len(CARD))
    assert known.kinds_in((CARD,)) == {Kind.CARD}
    assert known.kinds_in((CARD, MAIL)) == {Kind.CARD, Kind.EMAIL}


def test_short_texts_are_looked_through_each_time_and_not_kept(monkeypatch: MonkeyPatch) -> None:
    looked, known = counted(monkeypatch), KnownTexts()
    assert [known.kinds_in(("ada@example.com",)) for _ in range(2)] == [{Kind.EMAIL}] * 2
    assert looked == ["ada@example.com"] * 2
