"""Which revision comes next, and when that is refused."""

from datetime import UTC, datetime

import pytest
from portfolios import document, portfolio

from schemas.portfolio import Portfolio
from schemas.standing import PortfolioRevised
from services.console.domain.failures import Refused
from services.console.domain.revisions import History, Signature, applied, changes, history, rolled_back

SIGNED = Signature("me", datetime(2026, 5, 4, tzinfo=UTC), "because")


def with_attempts(count: int) -> Portfolio:
    lanes = document()["lanes"]
    return portfolio(lanes={**lanes, "simple": {**lanes["simple"], "max_attempts": count}})


FIRST, SECOND, THIRD, FOURTH = (with_attempts(count) for count in (3, 4, 5, 6))


class Log:
    """``portfolio.revised``, as it fills."""

    def __init__(self) -> None:
        self.events: list[PortfolioRevised] = []

    @property
    def past(self) -> History:
        return history(self.events)

    def apply(self, wanted: Portfolio) -> None:
        self.events += applied(self.past, wanted, self.past.in_force, SIGNED)

    def roll_back(self, revision: str | None = None) -> None:
        self.events.append(rolled_back(self.past, revision, self.past.in_force, SIGNED))


@pytest.fixture
def log() -> Log:
    found = Log()
    for each in (FIRST, SECOND, THIRD):
        found.apply(each)
    return found


def test_applying_says_the_revision_then_the_pointer() -> None:
    revision, pointer = applied(history(()), FIRST, "none", SIGNED)

    assert (revision.subject, revision.current) == (FIRST.digest(), False)
    assert (pointer.subject, pointer.current, pointer.number) == ("current", True, 1)
    assert (pointer.author, pointer.note) == ("me", "because")


def test_numbers_rise_with_every_change_a_rollback_included(log: Log) -> None:
    log.roll_back()

    assert [event.number for event in log.events if event.current] == [1, 2, 3, 4]
    assert log.past.in_force == SECOND.digest()


def test_rolling_back_again_goes_further_back(log: Log) -> None:
    log.roll_back()
    log.roll_back()

    assert log.past.in_force == FIRST.digest()
    with pytest.raises(Refused, match="no revision before"):
        log.roll_back()


def test_rolling_back_a_change_never_brings_back_what_was_rolled_back_before_it(log: Log) -> None:
    log.roll_back()
    log.apply(FOURTH)
    log.roll_back()
    assert log.past.in_force == SECOND.digest()
    log.apply(FIRST)
    log.roll_back()
    assert log.past.in_force == SECOND.digest()


def test_revisions_of_before_that_tell_nothing_of_it_go_by_their_numbers(log: Log) -> None:
    log.events = [event.model_copy(update={"replaces": None}) for event in log.events]
    log.roll_back()
    assert log.past.in_force == SECOND.digest()


def test_a_revision_is_found_by_its_beginning(log: Log) -> None:
    log.roll_back(FIRST.digest()[:6])

    assert log.past.in_force == FIRST.digest()


@pytest.mark.parametrize("expected", ["none", "0123456789ab"])
def test_another_revision_than_expected_is_refused(log: Log, expected: str) -> None:
    with pytest.raises(Refused, match=f"{THIRD.digest()} is in force, not {expected}"):
        applied(log.past, FIRST, expected, SIGNED)
    with pytest.raises(Refused, match="is in force, not"):
        rolled_back(log.past, None, expected, SIGNED)


def test_what_cannot_be_rolled_back_to_is_refused(log: Log) -> None:
    with pytest.raises(Refused, match="there is no revision zzz; there is"):
        log.roll_back("zzz")
    with pytest.raises(Refused, match="in force already"):
        log.roll_back(THIRD.digest())


def test_a_beginning_that_several_revisions_share_is_refused(log: Log) -> None:
    first = log.events[0]
    alike = [
        first.model_copy(update={"revision": name, "number": number}) for number, name in enumerate(("ab1", "ab2"), 1)
    ]
    past = history([*alike, alike[1].model_copy(update={"current": True})])

    with pytest.raises(Refused, match="the beginning of 2 revisions"):
        rolled_back(past, "ab", "ab2", SIGNED)


def test_an_older_pointer_never_wins(log: Log) -> None:
    assert history(reversed(log.events)).in_force == THIRD.digest()


def test_changes_name_each_entry_that_differs() -> None:
    (change,) = changes(FIRST, SECOND)

    assert (change.path, change.before, change.after) == ("lanes.simple.max_attempts", "3", "4")
    assert changes(FIRST, FIRST) == []


def test_what_comes_and_goes_is_told_too() -> None:
    models = document()["models"]
    more = portfolio(models={**models, "spare": models["large"]})

    assert ("models.spare.kind", None, "api") in [(c.path, c.before, c.after) for c in changes(portfolio(), more)]
    assert ("models.spare.kind", "api", None) in [(c.path, c.before, c.after) for c in changes(more, portfolio())]
