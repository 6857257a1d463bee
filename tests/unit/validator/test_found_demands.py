"""Demands found in a prompt's words: those that are made, and none that are not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.validator.domain.demands import DEMANDS, demanded
from services.validator.domain.found_demands import LOOKED_AT, found_in

SAID: list[tuple[str, tuple[str, dict[str, Any]]]] = [
    ("Use at least 300 words.", ("words", {"at_least": 300})),
    ("Use no more than 20 words.", ("words", {"less_than": 21})),
    ("Stay within 200 words or less.", ("words", {"less_than": 201})),
    ("Do not use more than 100 words.", ("words", {"less_than": 101})),
    ("The answer must not be over 150 words.", ("words", {"less_than": 151})),
    ("Answer in full, without using more than 20 words.", ("words", {"less_than": 21})),
    ("Don\u2019t write fewer than three sentences.", ("sentences", {"at_least": 3})),
    ("It shouldn't be less than 300 words.", ("words", {"at_least": 300})),
    ("Write no less than 200 words.", ("words", {"at_least": 200})),
    ("Use no fewer than 3 bullet points.", ("bullets", {"at_least": 3})),
    ("Do not use commas and write more than 20 words.", ("words", {"at_least": 21})),
    ("Do not use commas in your 300 words or more.", ("words", {"at_least": 300})),
    ("Without commas, fewer than 50 words.", ("words", {"less_than": 50})),
    ("If you can, do not use more than 100 words.", ("words", {"less_than": 101})),
    ("Write more than twelve sentences.", ("sentences", {"at_least": 13})),
    ("Give exactly 3 bullet points.", ("bullets", {"exactly": 3})),
    ("Give 3 bullet points.", ("bullets", {"exactly": 3})),
    ("Highlight at least two sections.", ("highlights", {"at_least": 2})),
    ("Include at least 4 placeholders, such as [name].", ("placeholders", {"at_least": 4})),
    ("Write two paragraphs, divided by ***.", ("paragraphs", {"exactly": 2})),
    ("It has 3 sections, each marked with SECTION X.", ("sections", {"at_least": 3, "separator": "SECTION"})),
    ("Do not use commas.", ("no_commas", {})),
    ("It should not contain any comma.", ("no_commas", {})),
    ("There should be no commas in it.", ("no_commas", {})),
    ("Do not use dashes, semicolons, or any commas.", ("no_commas", {})),
    ("Using commas is forbidden.", ("no_commas", {})),
    ("Answer without a dash or using commas.", ("no_commas", {})),
    ("Write it without using any comma or without comma.", ("no_commas", {})),
    ("You are not allowed to use any commas.", ("no_commas", {})),
    ("Give it a title, such as <<title>>.", ("titled", {})),
    ("Answer in all lowercase letters.", ("lowercase", {})),
    ("Answer in all capital letters.", ("uppercase", {})),
    ("Wrap the whole reply in double quotation marks.", ("quoted", {})),
    ("Answer in JSON.", ("is_json", {})),
    ("Wrap your entire reply in JSON format.", ("is_json", {})),
    ("Return the result in JSON.", ("is_json", {})),
    ("Give me the list in valid JSON.", ("is_json", {})),
    ("Return a JSON object with the keys a and b.", ("is_json", {})),
    ("Use JSON for the table.", ("is_json", {})),
    ("The expected output is a JSON array.", ("is_json", {})),
    ("What is the capital of France, in JSON?", ("is_json", {})),
    ("Make sure that the output is in JSON.", ("is_json", {})),
    ("Please answer in JSON: what is the capital of France?", ("is_json", {})),
    ("Could you answer in JSON?", ("is_json", {})),
    ("I would be glad if you could answer in JSON.", ("is_json", {})),
    ("Answer in all lowercase: what is the capital of France?", ("lowercase", {})),
    ("Can you answer in all capital letters?", ("uppercase", {})),
    ("Answer without any remark in all lowercase.", ("lowercase", {})),
    ("Your output should contain just a JSON block.", ("is_json", {})),
    ("Give two answers, divided by ******.", ("two_answers", {})),
    ("Add a postscript that starts with P.S.", ("postscript", {"text": "P.S."})),
    ("Add a postscript that starts with P.P.S", ("postscript", {"text": "P.P.S"})),
    ('Include the words "sea" and "sky".', ("has_texts", {"texts": ["sea", "sky"]})),
    ("Do not use the word 'sea'.", ("lacks_words", {"texts": ["sea"]})),
    ("The word sea should appear at least 3 times.", ("occurrences", {"text": "sea", "at_least": 3})),
    ('End with the phrase "Any more questions?"', ("ends_with", {"text": "Any more questions?"})),
    ('Answer "Yes, it is" or "No, it is not".', ("one_of", {"texts": ["Yes, it is", "No, it is not"]})),
    ('Answer "yes" or "no", in all capital letters.', ("one_of", {"texts": ["YES", "NO"]})),
    ('Answer "yes" or "no".', ("one_of", {"texts": ["yes", "no", "Yes", "No"]})),
    ("Write a poem in the Persian language, no other language is allowed.", ("language", {"value": "fa"})),
    ("Please respond to me only in Korean.", ("language", {"value": "ko"})),
    ("Your entire response should be entirely in Tamil.", ("language", {"value": "ta"})),
    ("No other language except Vietnamese is allowed.", ("language", {"value": "vi"})),
    ("Do not lie. Answer in German language only, please.", ("language", {"value": "de"})),
    ("Do not answer in English, but reply in French.", ("language", {"value": "fr"})),
    ("Answer in English, even if I write in German.", ("language", {"value": "en"})),
    ('Say "Do not reply in French." twice. Answer in English.', ("language", {"value": "en"})),
    ("Your reply must be in Thai, and in all capital letters.", ("language", {"value": "th"})),
    ("Use only Korean in your response and add a title.", ("language", {"value": "ko"})),
    ("Ask why.\nFirst repeat the request word for word, then answer.", ("starts_with", {"text": "Ask why."})),
]


@pytest.mark.parametrize(("prompt", "demand"), SAID)
def test_what_a_prompt_demands_is_found(prompt: str, demand: tuple[str, dict[str, Any]]) -> None:
    assert demand in found_in(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "How many words are in this sentence?",
        "About 300 words would be fine.",
        "Parse this JSON for me, please: {}",
        "Who said: I have three words for you?",
        "Write a story of two paragraphs.",
        "Is a comma a pause?",
        "Use commas to part the names.",
        "Do not forget to use commas.",
        "Add punctuation: there is no comma in this sentence.",
        "Explain why there should be no comma before 'and'.",
        "Explain why this line does not use a comma.",
        "Do not answer in JSON.",
        "Write a script that reads a CSV and output rows as JSON.",
        "Write a Flask route that should answer every request as JSON.",
        "Explain how to format dates as JSON strings.",
        "Write a curl command whose output I can save as JSON.",
        "How do I parse a JSON in Python?",
        "What is the difference between using JSON and XML?",
        "Write a function that reads a JSON file.",
        "The output is in JSON. Sum it up.",
        "Do not respond in all lowercase letters.",
        "Explain why writing in all capital letters is rude.",
        "Is it rude to write in all capital letters?",
        "You are not expected to finish by more than ten words.",
        "The summary does not have to be more than 100 words.",
        "You do not have to write more than 100 words.",
        "It need not be over 100 words.",
        "It needn't be over 100 words.",
        "Why not write more than 100 words?",
        "Tell me if it is not over 100 words.",
        "Do not use headings, bold or more than 100 words.",
        "Do not write 200 words or more.",
        "It must not be 200 words or more.",
        "Translate this into German: Good morning.",
        "Answer in German or English, as you like.",
        "Name two films in Tamil.",
    ],
)
def test_what_demands_nothing_that_can_be_checked_is_left_alone(prompt: str) -> None:
    assert found_in(prompt) == ()


@pytest.mark.parametrize(
    "prompt",
    [
        "Do not answer in English. Use French",
        "Please don\u2019t respond in German.",
        "Never reply in Spanish",
        "You must not, please, reply in Spanish.",
        "You must never under any circumstances reply in Spanish.",
        "You need not answer in English, any language is fine.",
        "You don't have to answer in English.",
        "You may answer in English.",
        "If the customer writes in German, respond in German; otherwise respond in English.",
        "If the customer writes in German, respond in German. Otherwise respond in English.",
        "When the customer is German:\n- Respond in German.",
        "Reply in Spanish, unless the customer writes in another language.",
        "Reply in Spanish. Unless told otherwise, sign with Ana.",
        "Answer in English only if the user writes English; else in theirs.",
        "Translate: 'Please reply in English only.' to Spanish",
        'Translate "It rains. Please reply in English only, and don\'t be late." to Spanish',
        "Translate to Spanish: \u00abPlease reply in English.\u00bb",
        "Respond in Polish notation: 3 4 +",
        "Respond in the French style",
        "Only use English words for variable names",
        "Answer in English, French, or German.",
        "Answer in English. Reply in French.",
    ],
)
def test_a_language_that_is_forbidden_or_quoted_or_one_of_several_is_not_demanded(prompt: str) -> None:
    assert [demand for demand in found_in(prompt) if demand[0] == "language"] == []


def test_both_ends_of_a_long_prompt_are_read_and_its_middle_is_not() -> None:
    filling = "It rains. " * LOOKED_AT
    assert found_in(f"Use no commas. {filling}")
    assert found_in(f"{filling} Use no commas.")
    assert not found_in(f"{filling} Use no commas. {filling}")


@given(st.lists(st.sampled_from([prompt for prompt, _ in SAID] + ['"', "***", "\n\n", "one"]), max_size=8))
def test_whatever_is_found_can_be_judged(parts: list[str]) -> None:
    asked = found_in(" ".join(parts))
    assert {name for name, _ in asked} <= set(DEMANDS)
    judged = demanded("Some text, and it is in English.", asked)
    assert all(told.verdict in ("pass", "fail") for told in judged)


@pytest.mark.parametrize(
    "prompt",
    [
        "Use at least 300 words. Use at most 100 words.",
        "Answer in all lowercase letters. Answer in all capital letters.",
        'End with the phrase "Any more questions?" End with the phrase "That is all."',
    ],
)
def test_of_demands_that_contradict_each_other_none_is_taken(prompt: str) -> None:
    assert found_in(prompt) == ()


def test_a_prompt_to_be_said_again_is_taken_as_it_was_written() -> None:
    prompt = "Say \u201chello\u201d in Dan's way."
    found = found_in(f"{prompt}\nFirst repeat the request above word for word, then answer.")
    assert found == (("starts_with", {"text": prompt}),)


def test_a_prompt_whose_middle_is_not_read_is_not_asked_to_be_said_again() -> None:
    long = "It rains. " * LOOKED_AT
    assert found_in(f"{long}\nFirst repeat the request above word for word, then answer.") == ()
