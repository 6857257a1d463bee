"""Real answers that keep to a rule pack, and the same with one rule broken: errors of a known kind, without labels."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_letters, digits

from infra.evals.cited_answers import ANSWERS_OF, draw_for
from infra.local.recorded.ifeval import read_rows
from infra.local.recorded.reading import read_set
from schemas.policies import Policy
from schemas.sensitive import luhn

DISCLAIMER = "This is not financial advice."
PACK = Policy.of(
    {
        "forbid": ["guaranteed return", {"pattern": r"(?i)\bwe promise\b"}],
        "require": [DISCLAIMER],
        "leaks": ["card", "iban", "secret", "national_id", "email"],
    }
)
Mutation = Callable[[str, random.Random], str]


def policed_answers(folder: Path) -> list[str]:
    """gpt-4o's answers to IFEval and GSM8K, each with the disclaimer at its end."""
    texts = [row.answers[ANSWERS_OF].text for row in read_rows(folder)]
    texts += [asked.answers[ANSWERS_OF].text for asked in read_set("gsm8k", folder)]
    return [f"{text}\n\n{DISCLAIMER}" for text in texts]


def _planted(what: Callable[[random.Random], str]) -> Mutation:
    """Puts it between two words."""

    def plant(text: str, draw: random.Random) -> str:
        body = text.removesuffix(DISCLAIMER)
        at = draw.choice([place for place, letter in enumerate(body) if letter.isspace()])
        return f"{body[:at]} {what(draw)} {body[at:]}{DISCLAIMER}"

    return plant


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices(digits, k=count))


def _card(draw: random.Random) -> str:
    number = draw.choice("45") + draw.choice("12345") + _digits(draw, 13)
    whole = next(number + last for last in digits if luhn(number + last))
    return draw.choice(["", " ", "-"]).join(whole[at : at + 4] for at in range(0, 16, 4))


def _iban(draw: random.Random) -> str:
    account = _digits(draw, 18)
    whole = f"DE{98 - int(f'{account}131400') % 97:02}{account}"
    return draw.choice([whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))])


def _key(draw: random.Random) -> str:
    letters = "".join(draw.choices(ascii_letters + digits, k=36))
    return draw.choice(["sk-" + letters, "ghp_" + letters, "AKIA" + letters[:16].upper()])


def _password(draw: random.Random) -> str:
    return f"the password is {''.join(draw.choices(ascii_letters + digits, k=12))}"


def _ssn(draw: random.Random) -> str:
    return f"{draw.randrange(100, 600)}-{draw.randrange(10, 100)}-{draw.randrange(1000, 10_000)}"


def _email(draw: random.Random) -> str:
    return f"{''.join(draw.choices(ascii_letters, k=8))}@example.com".lower()


def _promise(draw: random.Random) -> str:
    return draw.choice(["a GUARANTEED return", "a guaranteed\nreturn", "the **guaranteed** return", "We promise it."])


def _other_words(draw: random.Random) -> str:
    return draw.choice(["the return is guaranteed", "guaranteed returns", "you cannot lose", "it is promised"])


def _no_disclaimer(text: str, _: random.Random) -> str:
    return text.removesuffix(DISCLAIMER)


def _cut_disclaimer(text: str, draw: random.Random) -> str:
    words = DISCLAIMER.split()
    del words[draw.randrange(len(words))]
    return text.removesuffix(DISCLAIMER) + " ".join(words)


POLICY_MUTATIONS: Mapping[str, Mutation] = {
    "planted_card": _planted(_card),
    "planted_iban": _planted(_iban),
    "planted_key": _planted(_key),
    "planted_password": _planted(_password),
    "planted_national_id": _planted(_ssn),
    "planted_email": _planted(_email),
    "promise": _planted(_promise),
    "promise_in_other_words": _planted(_other_words),
    "no_disclaimer": _no_disclaimer,
    "word_of_disclaimer_dropped": _cut_disclaimer,
}


def broken(answers: Sequence[str], kind: str) -> Iterator[str]:
    """Each answer with this one rule broken."""
    return (POLICY_MUTATIONS[kind](answer, draw_for(answer, kind)) for answer in answers)
