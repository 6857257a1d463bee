"""Where recorded answers are looked for when nobody says where."""

import os
from pathlib import Path

VARIABLE = "PORTFOLIO_DATA"
USUAL = Path("../shared/data")


def usual_folder() -> Path:
    """The folder that the variable names, else the usual one; it need not be there."""
    return Path(os.environ.get(VARIABLE, USUAL))
