"""How long to wait between attempts at something that keeps failing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator


def delays(
    first: float = 0.5, longest: float = 30.0, spread: Callable[[float, float], float] = random.uniform
) -> Iterator[float]:
    """Yield seconds to wait, for ever: doubling from `first` up to `longest`, each between half and the whole of it.

    The spread keeps the watchers of many nodes from coming back to a revived network in one burst. Begin a new one
    after each success.
    """
    delay = first
    while True:
        yield spread(delay / 2, delay)
        delay = min(2 * delay, longest)
