"""Recorded configurations, and what Pacemaker predicted of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.command import Completed
from commands.facts import crm_simulate
from commands.facts.crm_simulate import Simulation
from commands.prediction import Prediction
from commands.prediction.record import prediction_of

CAPTURES = Path(__file__).parents[2] / "captures"


@pytest.fixture(scope="session")
def cib_text() -> Callable[..., str]:
    """Return what `cibadmin --query` printed in a recorded situation: `cib_text("n2-lost", debian=13)`."""

    def read(situation: str, debian: int = 12) -> str:
        text: str = json.loads((CAPTURES / f"debian{debian}" / situation / "cibadmin.n1.json").read_text())["stdout"]
        return text

    return read


@pytest.fixture(scope="session")
def predicted() -> Callable[..., Prediction]:
    """Return a recorded prediction: `predicted("n2-lost", debian=11)`."""
    return lambda name, debian=12, had_quorum=True: recorded_prediction(CAPTURES, name, debian, had_quorum=had_quorum)


def recorded_prediction(captures: Path, name: str, debian: int, *, had_quorum: bool = True) -> Prediction:
    """Return what the scheduler of real nodes was recorded to say under a name."""
    said = json.loads((captures / "by-hand" / f"debian{debian}" / "predicted" / f"{name}.n1.json").read_text())
    fact = crm_simulate.fact("")
    simulation = fact.parse(Completed("n1", fact.command, said["exit"], said["stdout"], said["stderr"]).check())
    assert isinstance(simulation, Simulation)
    return prediction_of(simulation, had_quorum=had_quorum)
