"""What MkDocs has us mend on each page that the theme wrote."""

from typing import Any

SEARCH = 'data-md-component="search" role="dialog"'


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search, which is a dialog, a name that a screen reader can say."""
    return output.replace(SEARCH, f'{SEARCH} aria-label="Search"')
