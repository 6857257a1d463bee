"""JSON Lines: one document a line."""


def lines_of(text: str) -> list[str]:
    """Parted at line feeds alone: a JSON string may hold Unicode's other ends of lines."""
    return text.split("\n")
