"""What tests of the workspace's page share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack.chromium import Browser, installed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a file."""
    path = installed()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with Browser(path) as running:
        yield running
