"""Labs for the tests of the lab itself."""

import os
from collections.abc import Iterator

import pytest

from sandbox.lab import Lab, LabError
from sandbox.lab.host import require


@pytest.fixture(scope="session")
def _a_machine_for_labs() -> None:
    try:
        require()
    except LabError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def lab_name(_a_machine_for_labs: None) -> str:
    """A name that no other test run on this machine uses."""
    return f"test{os.getpid()}"


@pytest.fixture(scope="module")
def lab(_a_machine_for_labs: None) -> Iterator[Lab]:
    """Two bare nodes: they boot fastest, and the lab does not care what runs on them."""
    with Lab.up(f"tests{os.getpid()}", bare=True) as lab:
        yield lab
