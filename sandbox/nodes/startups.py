"""How many connections an sshd bears that have not logged in yet: `MaxStartups`, with its default of 10:30:100."""

from __future__ import annotations

import random

BEGIN, RATE, FULL = 10, 30, 100
"""From so many waiting on, so many of a hundred new ones are refused; it grows evenly up to all of them at the last."""


class Startups:
    """The connections to one machine that are not logged in. Which ones are refused is drawn, the same in every run."""

    def __init__(self) -> None:
        self.waiting = 0
        self._chance = random.Random(BEGIN)

    def admits(self) -> bool:
        """Say whether one more may begin, and count it then; `over` ends its wait."""
        if self.waiting >= FULL:
            return False
        if self.waiting >= BEGIN:
            percent = RATE + (100 - RATE) * (self.waiting - BEGIN) // (FULL - BEGIN)
            if self._chance.randrange(100) < percent:
                return False
        self.waiting += 1
        return True

    def over(self) -> None:
        """Note that one has logged in, or is gone."""
        self.waiting -= 1
