"""The language of a text: told where it is plain, and not told where another is as likely."""

import pytest

from schemas.languages import COMMON, LANGUAGES, code_of
from schemas.vocabulary import Verdict
from services.validator.domain.demands import demanded
from services.validator.domain.languages import SCRIPTS

SAID = {
    "ar": "هذا هو الكتاب الذي كان في البيت مع أخي، وقد قرأ منه كل يوم.",
    "bg": "Това е книгата, която беше на масата, и той не може да я чете.",
    "bn": "আমি আজ সকালে বাজারে গিয়েছিলাম এবং কিছু ফল কিনেছিলাম।",
    "cs": "To je kniha, která byla na stole, ale on ji nemůže číst, protože se bojí.",
    "da": "Det er ikke den bog, som jeg har læst, og du kan også få den af mig.",
    "de": "Das ist das Buch, das auf dem Tisch lag, und er kann es nicht lesen.",
    "el": "Αυτό είναι το βιβλίο που ήταν πάνω στο τραπέζι.",
    "en": "This is the book that was on the table, and he cannot read it.",
    "es": "Este es el libro que estaba en la mesa, y no se puede leer por la noche.",
    "fa": "این کتابی است که برای شما خریدم و در خانه بود، اما او آن را نخواند.",
    "fi": "Tämä on kirja, joka oli pöydällä, mutta hän ei voi lukea sitä, kun on ilta.",
    "fr": "C'est le livre qui était sur la table, et il ne peut pas le lire dans la nuit.",
    "gu": "આ પુસ્તક ટેબલ પર હતું અને મેં તેને વાંચ્યું.",
    "he": "זה הספר שהיה על השולחן, והוא לא יכול לקרוא אותו.",
    "hi": "यह किताब मेज़ पर थी और वह इसे पढ़ नहीं सकता था, या तो रात हो गया था।",
    "hu": "Ez az a könyv, ami az asztalon volt, de nem lehet már este olvasni, mint egy újságot.",
    "id": "Buku ini ada di atas meja dan dia tidak dapat membaca itu pada malam hari.",
    "it": "Questo è il libro che era sulla tavola, e non si può leggere anche di notte.",
    "ja": "これは机の上にあった本です。夜には読めません。",
    "kn": "ಈ ಪುಸ್ತಕ ಮೇಜಿನ ಮೇಲೆ ಇತ್ತು ಮತ್ತು ನಾನು ಅದನ್ನು ಓದಿದೆ.",
    "ko": "이것은 책상 위에 있던 책입니다. 밤에는 읽을 수 없습니다.",
    "ml": "ഈ പുസ്തകം മേശപ്പുറത്ത് ഉണ്ടായിരുന്നു, ഞാൻ അത് വായിച്ചു.",
    "mr": "हे पुस्तक टेबलावर होते आणि मी ते वाचले आहे, पण त्या रात्री नाही.",
    "ne": "यो किताब टेबलमा थियो र मैले पढेको छ, भने सबै राती पढ्न हुन्छ।",
    "nl": "Dit is het boek dat op de tafel lag, en hij kan het niet lezen.",
    "no": "Det er ikke den boka som jeg har lest, men du kan få den av meg, og han ble glad.",
    "pa": "ਇਹ ਕਿਤਾਬ ਮੇਜ਼ ਉੱਤੇ ਸੀ ਅਤੇ ਮੈਂ ਇਸਨੂੰ ਪੜ੍ਹਿਆ।",
    "pl": "To jest książka, która była na stole, ale nie może jej czytać, bo się boi.",
    "pt": "Este é o livro que estava na mesa, e não se pode ler por causa da noite.",
    "ro": "Aceasta este cartea care era pe masă și el nu poate să o citească din cauza nopții.",
    "ru": "Это книга, которая была на столе, и он не может её читать, так как ночь.",
    "sv": "Det är inte den bok som jag har läst, och du kan få den av mig.",
    "sw": "Hiki ni kitabu ambacho kilikuwa juu ya meza, na hii ni kwa ajili yako na watu wako.",
    "ta": "இந்த புத்தகம் மேசையில் இருந்தது, நான் அதைப் படித்தேன்.",
    "te": "ఈ పుస్తకం బల్ల మీద ఉంది మరియు నేను దాన్ని చదివాను.",
    "th": "หนังสือเล่มนี้อยู่บนโต๊ะและฉันอ่านมันแล้ว",
    "tr": "Bu kitap masada olan bir kitap ve gece için çok iyi değil, ama daha sonra olur.",
    "uk": "Це книга, яка була на столі, і він не може її читати, так як з ночі.",
    "ur": "یہ کتاب میز پر تھی اور وہ اس کو نہیں پڑھ سکتا تھا کہ رات ہو گیا۔",
    "vi": "Đây là quyển sách đã ở trên bàn và tôi không thể đọc nó trong đêm với bạn.",
    "zh": "这本书在桌子上，我已经读过了，晚上不能读。",
}


def verdict(text: str, language: str) -> Verdict | str:
    (told,) = demanded(text, [("language", {"value": language})])
    return told.verdict


@pytest.mark.parametrize("code", SAID)
def test_a_plain_sentence_is_in_its_language(code: str) -> None:
    assert verdict(SAID[code], code) == Verdict.PASS


@pytest.mark.parametrize("code", SAID)
def test_no_sentence_passes_for_one_of_another_language(code: str) -> None:
    taken = [other for other in SAID if other != code and verdict(SAID[code], other) == Verdict.PASS]
    assert taken == []


def test_every_language_has_a_sentence_here_and_a_way_to_tell_it() -> None:
    own_script = {script for script, _ in SCRIPTS} | {"ja", "zh"}
    assert SAID.keys() == LANGUAGES.keys() == (COMMON.keys() | own_script & LANGUAGES.keys())


@pytest.mark.parametrize("text", ["", "42", "[name]", "Ok.", "Nave bianca vaga, stelle e notte."])
def test_what_is_too_short_is_not_told(text: str) -> None:
    assert verdict(text, "en") == Verdict.CANNOT_TELL


def test_letters_and_code_of_another_language_do_no_harm() -> None:
    assert verdict("Der Befehl `print(the, and, of, to, is)` ist im Buch, und er ist nicht neu. [name]", "de") == "pass"
    assert verdict("이 회사는 Google 및 Facebook과 함께 일합니다. 모두 한국에 있습니다.", "ko") == "pass"


def test_a_block_of_code_is_in_no_language_closed_or_not() -> None:
    said, block = (
        "Das ist nicht der Weg, und so ist es auch im Buch:\n",
        "```python\n" + "for the_item in of_the_list: print(this)\n" * 200,
    )
    assert verdict(f"{said}{block}```\nDas ist alles.", "de") == Verdict.PASS
    assert verdict(f"{said}{block}", "de") == Verdict.PASS
    assert verdict(f"{block}```", "de") == Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    "text", ["東京都千代田区丸の内一丁目九番一号", "株式会社日本経済新聞社", "株式会社三菱銀行本店営業部"]
)
def test_a_short_text_without_kana_may_be_japanese_or_chinese(text: str) -> None:
    assert verdict(text, "ja") == Verdict.CANNOT_TELL


def test_a_long_text_without_kana_is_no_japanese() -> None:
    assert verdict(SAID["zh"] * 4, "ja") == Verdict.FAIL


@pytest.mark.parametrize(("told", "code"), [("de", "de"), ("German", "de"), (" PERSIAN ", "fa")])
def test_a_language_is_told_by_code_or_name(told: str, code: str) -> None:
    assert code_of(told) == code
