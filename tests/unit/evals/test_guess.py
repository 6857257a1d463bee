"""A guess from a prompt's words: it learns what can be learned, and never from what it reports on."""

import numpy as np

from infra.evals.guess import Asked, guessed, words_of

HARD = [Asked(f"hard {n}", f"prove the theorem number {n}", (0.0,)) for n in range(40)]
EASY = [Asked(f"easy {n}", f"greet visitor number {n}", (1.0,)) for n in range(40)]


def test_what_the_words_tell_is_learned() -> None:
    told, guesses = guessed([*HARD, *EASY], None)
    assert sorted(asked.name for asked in told) == sorted(asked.name for asked in (*HARD, *EASY))
    assert all((guess > 0.5) == (asked.worth == (1.0,)) for asked, (guess,) in zip(told, guesses, strict=True))


def test_a_part_of_its_own_is_guessed_whatever_it_is_worth() -> None:
    asked = [Asked("new", "prove another theorem", (1.0,))]
    told, guesses = guessed([*HARD, *EASY], asked)
    assert told == asked
    assert guesses[0, 0] < 0.5


def test_a_prompt_is_a_row_of_length_one_whatever_its_case() -> None:
    rows = words_of(["What is WHAT?", "what IS what?", ""])
    assert np.allclose(rows[0], rows[1])
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0])
