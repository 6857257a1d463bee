"""The page of the portfolio document, off its JSON Schema."""

from infra.site.fields import parts, plain, table, words
from schemas.content import JsonRead
from schemas.generate import document_schema

HEAD = """# The portfolio document

Read off the JSON Schema of `portfolio.yaml` ([portfolio.schema.json](../../schemas/json/v1/portfolio.schema.json);
an editor that knows it shows a typo at once). `portfolio check` says what is wrong in a file,
with its line, and what is unwise.

"""


def page() -> str:
    """Markdown."""
    return HEAD + "\n".join(_section(name, part) for name, part in parts(document_schema(), "Portfolio"))


def _section(name: str, part: JsonRead) -> str:
    told = plain(str(part.get("description", "")))
    listed = f"One of {words(part)}.\n" if words(part) else ""
    return f"## {name}\n\n{told}\n\n{table(part)}{listed}"
