"""Keys, tokens and passwords: the forms that their makers gave them, and what is assigned to a name of a secret."""

import re
from collections.abc import Sequence

NAME_BEFORE = re.compile(
    r"(?:(?:api|access|account|private|secret)[_ -]?key|secret|token|passw(?:or)?d|pwd|passphrase"
    r"|credentials?)[\"']?\s{0,3}$"
)
"""What stands before ``=`` or ``:``, in small letters, where a secret follows."""
BLOCK = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
CODE = r"[A-Za-z_]\w*\.[A-Za-z_]|[a-z]{2,}\d*(?:[A-Z][a-z]{2,}\d*)+(?![\w/+=.~-])"
"""A name that stands for a value, as ``response.token`` or ``hashPassword2024``."""
ASSIGNED = rf"\s{{0,3}}(?:[\"']|(?!{CODE}))(?!/\w+/)[A-Za-z0-9/+_=.~-]{{16,200}}(?![A-Za-z0-9(\[])"
"""What follows ``=`` or ``:``; a path is none."""
CARRIED = r"[A-Za-z0-9._~+/=-]{20,2000}"
IN_ADDRESS = re.compile(
    r"://[^\s/:@\"'<>{}$]{1,64}:(?!(?:password|passwd|pass|pw|pwd|secret|token|x{3,})@)[^\s/@\"'<>{}$*]{4,128}@(?=[\w\[])"
)
SK = r"sk-(?<![A-Za-z0-9]sk-)[A-Za-z0-9_-]{20,200}"
"""Names of styles begin with ``sk-``, too: it counts where it is a key."""
MARKED: Sequence[tuple[str, str]] = (
    ("AKIA", r"(?<![A-Za-z0-9]AKIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("ASIA", r"(?<![A-Za-z0-9]ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    *((f"gh{letter}_", rf"(?<![A-Za-z0-9]gh{letter}_)[A-Za-z0-9]{{36,255}}") for letter in "opsur"),
    ("github_pat_", r"(?<![A-Za-z0-9]github_pat_)[A-Za-z0-9_]{22,255}"),
    ("glpat-", r"(?<![A-Za-z0-9]glpat-)[A-Za-z0-9_-]{20,200}"),
    *((f"xox{letter}-", rf"(?<![A-Za-z0-9]xox{letter}-)[A-Za-z0-9-]{{10,200}}") for letter in "abeprs"),
    ("xapp-", r"(?<![A-Za-z0-9]xapp-)\d-[A-Za-z0-9-]{20,200}"),
    ("hooks.slack.com/services/", r"T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{16,40}"),
    ("AIza", r"(?<![A-Za-z0-9]AIza)[A-Za-z0-9_-]{35}"),
    ("ya29.", r"(?<![A-Za-z0-9]ya29\.)[A-Za-z0-9_-]{20,400}"),
    ("GOCSPX-", r"[A-Za-z0-9_-]{20,60}"),
    ("_live_", r"(?<=[rs]k_live_)[A-Za-z0-9]{16,200}"),
    ("_test_", r"(?<=[rs]k_test_)[A-Za-z0-9]{16,200}"),
    ("whsec_", r"[A-Za-z0-9+/]{24,80}"),
    ("SK", r"(?<![A-Za-z0-9]SK)[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("SG.", r"(?<![A-Za-z0-9]SG\.)[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    ("key-", r"(?<![A-Za-z0-9]key-)[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("npm_", r"(?<![A-Za-z0-9_]npm_)[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    ("pypi-", r"(?<![A-Za-z0-9]pypi-)AgE[A-Za-z0-9_-]{40,400}"),
    ("hf_", r"(?<![A-Za-z0-9_]hf_)[A-Za-z]{2}[A-Za-z0-9]{28,40}(?![A-Za-z0-9_])"),
    ("dapi", r"(?<![A-Za-z0-9]dapi)[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("_v1_", r"(?<=do[por]_v1_)[0-9a-f]{64}"),
    *((f"shp{of}_", rf"(?<![A-Za-z0-9]shp{of}_)[0-9a-fA-F]{{32}}(?![A-Za-z0-9])") for of in ("at", "ca", "pa", "ss")),
    (":AA", r"(?<=\d{8}:AA)[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    ("dckr_pat_", r"[A-Za-z0-9_-]{20,80}"),
    ("gsk_", r"(?<![A-Za-z0-9_]gsk_)[A-Za-z0-9]{40,80}"),
    ("r8_", r"(?<![A-Za-z0-9_]r8_)[A-Za-z0-9]{37,40}(?![A-Za-z0-9])"),
    ("pplx-", r"(?<![A-Za-z0-9]pplx-)[A-Za-z0-9]{40,80}"),
    ("xai-", r"(?<![A-Za-z0-9]xai-)[A-Za-z0-9]{40,120}"),
    ("glsa_", r"(?<![A-Za-z0-9_]glsa_)[A-Za-z0-9]{32}_[A-Za-z0-9]{8}"),
    ("hvs.", r"(?<![A-Za-z0-9]hvs\.)[A-Za-z0-9_-]{24,200}"),
    ("NRAK-", r"(?<![A-Za-z0-9]NRAK-)[A-Z0-9]{27}(?![A-Za-z0-9])"),
    ("lin_api_", r"[A-Za-z0-9]{32,60}"),
    ("ATATT3", r"(?<![A-Za-z0-9]ATATT3)[A-Za-z0-9_=-]{50,300}"),
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{40,80}"),
    ("eyJ", r"(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000}"),
)
"""Keys and tokens whose makers gave them a form of their own: a mark, and what follows it.

What may not stand before a mark is looked at behind it, for an expression that begins with letters is found far sooner.
"""
FEWEST_DIGITS, DIGITS_OF_A_DATE = 2, 8


def is_random(letters: str) -> bool:
    """Whether letters and digits look drawn, not written: both cases and digits, or hexadecimal ones."""
    told = sum(map(str.isdigit, letters))
    is_hexadecimal = len(letters) >= 32 and not letters.lower().strip("0123456789abcdef")
    return told >= FEWEST_DIGITS and told < len(letters) and (_is_mixed(letters) or is_hexadecimal)


def is_key(letters: str) -> bool:
    """Whether what has a mark that names have, too, is in both cases, or holds more digits than a date has."""
    return _is_mixed(letters) or sum(map(str.isdigit, letters)) > DIGITS_OF_A_DATE


def _is_mixed(letters: str) -> bool:
    return any(map(str.isupper, letters)) and any(map(str.islower, letters))
