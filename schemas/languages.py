"""The languages that texts can be told to be in: ISO 639-1 codes, their names in English, and their commonest words."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "ar": "Arabic",
        "bg": "Bulgarian",
        "bn": "Bengali",
        "cs": "Czech",
        "da": "Danish",
        "de": "German",
        "el": "Greek",
        "en": "English",
        "es": "Spanish",
        "fa": "Persian",
        "fi": "Finnish",
        "fr": "French",
        "gu": "Gujarati",
        "he": "Hebrew",
        "hi": "Hindi",
        "hu": "Hungarian",
        "id": "Indonesian",
        "it": "Italian",
        "ja": "Japanese",
        "kn": "Kannada",
        "ko": "Korean",
        "ml": "Malayalam",
        "mr": "Marathi",
        "ne": "Nepali",
        "nl": "Dutch",
        "no": "Norwegian",
        "pa": "Punjabi",
        "pl": "Polish",
        "pt": "Portuguese",
        "ro": "Romanian",
        "ru": "Russian",
        "sv": "Swedish",
        "sw": "Swahili",
        "ta": "Tamil",
        "te": "Telugu",
        "th": "Thai",
        "tr": "Turkish",
        "uk": "Ukrainian",
        "ur": "Urdu",
        "vi": "Vietnamese",
        "zh": "Chinese",
    }
)
CODES: Mapping[str, str] = MappingProxyType({name.lower(): code for code, name in LANGUAGES.items()})
_WORDS = {
    "en": "the of and to a is in that it you for was with on as are this be have not or by from at will can your an",
    "de": "der die das und ist nicht ein eine zu mit auf für von den dem des sich auch es im als wie werden sie wir",
    "fr": "le la les et est une un des que pour dans qui avec du de au ce il elle sur pas vous nous plus par sont être",
    "es": "el la los las y es una un que por para en con del de se no lo su como más al este son puede ser sus",
    "it": "il lo la e è una un che per con di del della non si in sono gli le dei nel da come più anche alla essere",
    "pt": "o a os as e é uma um que para com não de do da em se por mais como dos das ao na no são ser seu sua",
    "nl": "de het een en van is dat in op te niet met voor zijn aan er maar ook als door bij om naar dit deze worden",
    "sv": "och att det som en är på av för med till den inte om ett har de kan från var jag du eller vi så ska",
    "da": "og at det som en er på af for med til den ikke om et har de kan fra mig du eller vi så hvad efter også blev",
    "no": "og å det som en er på av for med til den ikke om et har de kan fra meg du eller vi så hva etter også ble",
    "fi": "ja on ei se että hän oli ovat kun myös tai niin mutta kuin voi ole olla sen sitä tämä mitä jos joka sekä",
    "pl": "i w na z do jest nie się to że o jak po co za od przez dla są ale lub oraz być może przy które który tym",
    "cs": "a v na je se že s do to o k i za od pro by jak ale jako jsou nebo být může při které který tím jeho také",
    "ro": "și în de la cu pe o un este nu că să din pentru care mai sunt sau ca prin fi al ale lui această acest au",
    "hu": "a az és hogy nem is egy van ez azt de meg csak mint vagy ha már még el kell lehet volt ezt ami aki nagy",
    "tr": "ve bir bu da de için ile çok ne olarak daha gibi en olan kadar var ama ya değil sonra her ise veya olur",
    "vi": "và của là có cho không được trong một những các người với để này đã khi về tôi bạn từ như đến ra thể nhiều",
    "id": "yang dan di dari untuk dengan ini itu pada tidak dalam adalah akan ke atau oleh dapat juga saya anda kami",
    "sw": "na ya wa kwa ni katika la za cha kuwa hii hiyo si au kama lakini pia ili yake watu sana mtu hivyo wako vya",
    "ru": "и в не на что с как по это для из к от но а то он она они мы вы так же или его при может быть чтобы есть",
    "uk": "і в не на що з як по це для із до від але а то він вона вони ми ви так або його при може бути щоб є та у й",
    "bg": "и в не на че с как по това за от до но а той тя те ние вие така или му при може да бъде се са е който като",
    "ar": "في من على إلى أن هذا هذه التي الذي ما لا أو مع عن كل هو هي كان بين ذلك لم قد كما بعد يمكن",
    "fa": "و در به از که این را با است برای آن یک می تا بر هم ما شما خود بود های شد من او نیز هر باید کند",
    "ur": "اور کے میں کی کا ہے سے کو نے پر یہ ہیں وہ بھی کہ ایک اس نہیں تھا کر جو تو ہو گیا لئے لیے آپ",
    "hi": "और के में की का है से को ने पर यह हैं वह भी कि एक इस नहीं था कर जो तो हो गया लिए आप या होता ही साथ",
    "mr": "आणि आहे या व ते ही हे की तो मध्ये आहेत करून नाही एक असे त्या होते पण म्हणजे साठी तर किंवा केले आपण",
    "ne": "र छ को मा का ले पनि यो हो एक छन् गर्न त्यो भएको लागि तर हुन्छ गरेको थियो सबै यस भने तपाईं वा गर्ने",
}
COMMON: Mapping[str, frozenset[str]] = MappingProxyType(
    {code: frozenset(word for word in told.split() if len(word) > 1) for code, told in _WORDS.items()}
)
"""Of two letters at least: one is an item of a list or a piece of a word in any language."""
UNKNOWN = "und"
"""Of a text that tells no language."""


def code_of(told: str) -> str:
    """The code of a language that is told by its code or its name. Raises ``ValueError`` with the nearest of these."""
    word = told.strip().lower()
    if word in LANGUAGES:
        return word
    if word in CODES:
        return CODES[word]
    near = get_close_matches(word, [*CODES, *LANGUAGES], n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(LANGUAGES)}"
    raise ValueError(f"no language that can be told from others: {hint}")
