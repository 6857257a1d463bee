"""A portfolio file is read whole: every error at once, at its place, with the nearest right word."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portfolios import WHOLE

from services.console.adapters.portfolio_text import text_of
from services.console.domain.document import parse
from services.console.domain.findings import Finding, Severity
from services.console.domain.portfolio_file import read


def errors_of(text: str) -> list[str]:
    return [finding.line("p.yaml") for finding in read(text).findings]


def only_error(text: str) -> Finding:
    (finding,) = read(text).findings
    return finding


def test_a_whole_document_is_read_without_findings() -> None:
    reading = read(WHOLE)

    assert reading.findings == ()
    assert reading.portfolio is not None
    assert reading.portfolio.models["large"].endpoints[0].provider == "azure"


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("owner: platform\n    context_tokens: 4096", "ownr: platform\n    context_tokens: 4096", 14),
        ("risk: high", "risk: hihg", 7),
        ("adapter: litellm", "adapter: litelm", 10),
        ("tasks: [faq]", "tasks: [faqq]", 23),
        ("provider: azure", "provider: azur", 21),
        ("lane: simple", "lane: simpel", 1),
        ("checks: [format, agreement]", "checks: [formt, agreement]", 27),
        ("on_fail: {agreement: up}", "on_fail: {agrement: up}", 28),
        ("on_fail: {agreement: up}", "on_fail: {agreement: upp}", 28),
        ("kind: open_source", "kind: opensource", 13),
        ("region: eu", "regoin: eu", 10),
        (
            "  critical:\n    tasks: [loans]\n    tiers: [[small]",
            "  critical:\n    tasks: [loans]\n    tiers: [[smal]",
            26,
        ),
    ],
)
def test_a_typo_is_told_with_its_line_and_the_nearest_right_word(right: str, wrong: str, line: int) -> None:
    assert right in WHOLE
    findings = read(WHOLE.replace(right, wrong, 1)).findings

    assert any(f.place.line == line and "did you mean" in f.says for f in findings), errors_of(
        WHOLE.replace(right, wrong)
    )


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (
            "{words: {at_leest: 5}}",
            'checks[1].words.at_leest: words has no setting "at_leest"; did you mean "at_least"?',
        ),
        ("{words: {at_least: few}}", "checks[1].words.at_least: words: should be a valid integer"),
        ("{words: {at_least: -1}}", "checks[1].words.at_least: words: should be greater than or equal to 0"),
        ("{words: 5}", "checks[1].words: words takes its settings by name: at_least, less_than, exactly"),
        ("words", "checks[1]: words: give at_least, less_than or exactly"),
        ("{citations: {every_sentense: true}}", 'did you mean "every_sentence"?'),
        ("{agreement: {models: 2}}", 'checks[1].agreement.models: agreement has no setting "models"'),
        ("{agreement: {threshold: 0}}", "agreement: should be a number over 0 and up to 1, or planned"),
        ("{agreement: {threshold: often}}", "agreement: should be a number over 0 and up to 1, or planned"),
        ("{agreement: {when: often}}", "checks[1].agreement.when: agreement: should be 'always' or 'planned'"),
        ("{starts_with: {}}", 'checks[1].starts_with: starts_with needs the setting "text"'),
        ("{one_of: {texts: []}}", "checks[1].one_of.texts: one_of: "),
    ],
)
def test_a_wrong_setting_of_a_check_is_told_with_its_place(check: str, says: str) -> None:
    finding = only_error(WHOLE.replace("checks: [format, agreement]", f"checks: [format, {check}]"))

    assert finding.severity is Severity.ERROR
    assert finding.place.line == 27
    assert says in finding.line("p.yaml")


def test_right_settings_of_checks_are_let_alone() -> None:
    checks = "[{words: {at_least: 5}}, {citations: {min: 2}}, {citations: }, {no_commas: {}}, {ends_with: {text: Bye}}]"

    assert read(WHOLE.replace("checks: [format, agreement]", f"checks: {checks}")).findings == ()


def test_all_errors_are_told_at_once_in_the_order_of_the_file() -> None:
    text = WHOLE.replace("lane: simple", "lane: simpel").replace("risk: high", "risk: hihg").replace("[faq]", "[fax]")

    places = [(finding.place.line, finding.place.column) for finding in read(text).findings]

    assert [line for line, _ in places] == [1, 7, 23]
    assert places == sorted(places)


def test_a_place_is_exact() -> None:
    finding = only_error(
        "defaults: {data_class: public, lane: a}\nsurprise: 1\n" + WHOLE.split("\n", 1)[1] + "  a: {tiers: [[small]]}\n"
    )

    assert finding.line("p.yaml").startswith('p.yaml:2:1: surprise: unknown key "surprise"')


def test_a_key_written_twice_names_the_first() -> None:
    finding = only_error(
        WHOLE.replace("  faq: {describe: short questions}", "  faq: {describe: a}\n  faq: {describe: b}")
    )

    assert (finding.place.line, finding.path) == (7, "tasks.faq")
    assert "the first is in line 6" in finding.says


def test_a_task_in_two_lanes_is_an_error() -> None:
    assert 'in "simple" already' in only_error(WHOLE.replace("tasks: [loans]", "tasks: [loans, faq]")).says


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("kind: api\n", "kind: api\n    rollback_to: lagre\n", 'did you mean "large"?'),
        ("kind: api\n", "kind: api\n    rollback_to: large\n", "rolled back to itself"),
        ("tiers: [[small], [large]]}", "tiers: [[small], [small]]}", "stands in tier 1 of this lane already"),
        ("tiers: [[small], [large]]}", "tiers: [[small], []]}", "should have one entry at least"),
        ("checks: [format, agreement]", "checks: [{format: {}, agreement: {}}]", "a check is a name"),
        ('base_url: "${LOCAL_MODEL_URL}", ', "", "needs base_url"),
        ('input: "2.5", ', "", "either input and output, or usd_per_hour"),
        ("AZURE_API_KEY", "sk-1234567890", "never a key itself"),
        ("context_tokens: 4096", "context_tokens: many", "integer"),
    ],
)
def test_what_is_wrong_is_said(right: str, wrong: str, says: str) -> None:
    assert right in WHOLE
    assert says in only_error(WHOLE.replace(right, wrong)).says


def test_a_key_in_the_place_of_its_name_is_never_shown() -> None:
    assert "sk-1234567890" not in "".join(errors_of(WHOLE.replace("AZURE_API_KEY", "sk-1234567890")))


def test_a_missing_key_is_told_where_its_parent_stands() -> None:
    finding = only_error(WHOLE.replace("    owner: platform\n    context_tokens: 128000", "    context_tokens: 128000"))

    assert (finding.place.line, finding.path) == (17, "models.large.owner")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "just words",
        "a: [",
        "%YAML 3",
        "- \t:",
        "a: b\n c: d",
        "\x00",
        "a: !foo 3",
        "a: !!int x",
        f"a: {'[' * 2_000}{']' * 2_000}",
        "--- 1\n--- 2",
    ],
)
def test_what_is_no_portfolio_is_a_finding_too(text: str) -> None:
    reading = read(text)

    assert reading.portfolio is None
    assert reading.findings
    assert all(finding.severity is Severity.ERROR for finding in reading.findings)


def test_aliases_of_aliases_make_no_more_than_memory_holds() -> None:
    laughs = "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert any("values, with what aliases stand for" in line for line in errors_of(f"a0: &a0 [x]\n{laughs}"))


def test_an_alias_inside_itself_ends() -> None:
    assert any("alias" in line for line in errors_of("a: &x [*x]\n"))


def test_merge_keys_and_anchors_are_followed() -> None:
    document = parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")

    assert document.findings == []
    assert document.data["b"] == {"x": 1, "y": 3}


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    reading = read(text)

    assert (reading.portfolio is None) == bool(reading.findings)


LINES = WHOLE.splitlines(keepends=True)


@given(
    st.integers(0, len(LINES) - 1),
    st.integers(0, 60),
    st.sampled_from(["", "x", ":", "[", "}", "\t", "'", "&", "*", "#", "-"]),
)
def test_no_slip_of_the_hand_makes_reading_fail(line: int, column: int, slip: str) -> None:
    """One character put in the place of another, anywhere: it is read, or every finding has a place in the file."""
    text = LINES[line]
    changed = text[:column] + slip + text[column + 1 :] if column < len(text) - 1 else text + slip
    reading = read("".join([*LINES[:line], changed, *LINES[line + 1 :]]))

    assert (reading.portfolio is None) == bool(reading.findings)
    assert all(1 <= finding.place.line <= len(LINES) + 2 for finding in reading.findings)


@pytest.mark.parametrize(
    ("policies", "check", "says"),
    [
        (
            "{pattern: '(a'}",
            "policy: pack",
            "policies.pack.forbid[0].pattern: a pattern that cannot be used: unclosed group",
        ),
        ("{pattern: '(a)\\1'}", "policy: pack", "backreferences are not supported"),
        ("{patern: a}", "policy: pack", "patern"),
        ("a b", "policy: pak", 'there is no policy "pak"; did you mean "pack"?'),
        ("a b", "policy: {}", "this check needs the name of one of policies"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_with_its_line(policies: str, check: str, says: str) -> None:
    checked = WHOLE.replace("checks: [format, agreement]", f"checks: [format, agreement, {{{check}}}]", 1)
    text = f"{checked.rstrip()}\npolicies:\n  pack:\n    forbid: [{policies}]\n    leaks: [card]\n"
    told = errors_of(text)
    last = len(text.splitlines())
    assert says in "\n".join(told)
    assert told[0].startswith(("p.yaml:27:", f"p.yaml:{last - 1}:"))
    assert len(told) == (2 if "patern" in policies else 1), "nothing is told of the other form of a rule"


@pytest.mark.parametrize("file", ["portfolio.yaml", "tests/performance/portfolio.yaml"])
def test_a_portfolio_written_as_text_is_the_same_revision(file: str) -> None:
    whole = read((Path(__file__).parents[3] / file).read_text()).portfolio
    assert whole is not None
    again = read(text_of(whole)).portfolio

    assert again is not None
    assert again.digest() == whole.digest()


@pytest.mark.parametrize(
    ("clients", "says"),
    [
        ("{bank: {lanes: [simpel]}}", 'clients.bank.lanes[0]: there is no lane "simpel"; did you mean "simple"?'),
        ("{bank: {data_classes: [publik]}}", 'clients.bank.data_classes[0]: unknown word "publik"'),
        ("{bank: {data_classes: []}}", "clients.bank.data_classes: should have one entry at least"),
        ("{bank: {lane: simple}}", 'clients.bank.lane: unknown key "lane"; did you mean "lanes"?'),
        ("{gateway: {}}", 'clients.gateway: "gateway" is the product\'s own'),
        ("{a b: {}}", "a name has letters, digits"),
    ],
)
def test_what_is_wrong_with_a_client_is_told_with_its_line(clients: str, says: str) -> None:
    (told,) = errors_of(f"{WHOLE}clients: {clients}\n")
    assert told.startswith(f"p.yaml:{len(WHOLE.splitlines()) + 1}:")
    assert says in told


@pytest.mark.parametrize(
    ("cache", "says"),
    [
        ("{for_s: 60, data_classes: [public, confidential]}", "take confidential out of data_classes"),
        ("{for_s: 60, data_classes: [restricted]}", "answers to restricted requests are never kept"),
        ("{for_s: 0}", "lanes.critical.cache.for_s: should be greater than or equal to 1"),
        ("{fors: 60}", 'did you mean "for_s"?'),
    ],
)
def test_a_cache_of_private_answers_is_refused_at_its_place(cache: str, says: str) -> None:
    text = WHOLE.replace("on_fail: {agreement: up}", f"cache: {cache}")
    assert any(says in told for told in errors_of(text)), errors_of(text)


def test_a_cache_of_what_is_public_is_taken() -> None:
    reading = read(WHOLE.replace("on_fail: {agreement: up}", "cache: {for_s: 60, data_classes: [public]}"))
    assert reading.portfolio is not None, reading.findings
