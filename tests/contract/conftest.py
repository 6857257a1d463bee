"""The documentation site, built once for all that looks at it."""

from pathlib import Path

import pytest

from infra.site.__main__ import main


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert main(["--to", str(folder)]) == 0
    return folder
