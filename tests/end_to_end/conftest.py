"""A browser for the tests that press buttons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.support.chromium import NEEDS, chromium, found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    """Give a browser, or skip by name."""
    if found() is None:
        pytest.skip(NEEDS)
    with chromium(tmp_path / "profile") as driver:
        yield driver
