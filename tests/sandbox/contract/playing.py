"""A situation of the contract, and what is made of it on a stage."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.sandbox.contract.observed import Seen, look
from tests.sandbox.contract.stage import Stage

LOOKS_AGAIN = 1.0
PATIENCE = 90.0
"""Seconds of the nodes' time that a situation may take to come about."""
OF_THE_MOMENT = frozenset({"pacemaker", "configuration changed", "token late", "token lost"})
"""Hints that may or may not be heard beside those expected: how often Pacemaker decides is its own business, and of
several nodes one alone says that the token is lost."""
UNSURE = "link up "
"""Corosync 3.1.9 was seen to say on one node only that a healed link is up; who comes back is said by all."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Something that is done, and what is then to be seen and to have been heard.

    `seen` says through whose eyes. `heard` are the hints by witness and source, as in `n1 log`, in their order; a source
    that is not named must have said nothing, but for what is `OF_THE_MOMENT`. Nobody listens to those that are `late`,
    nor to any where it is None. What is `maybe` said is nobody's concern either.
    """

    name: str
    do: Callable[[Stage], Awaitable[object]]
    seen: Mapping[str, Seen]
    heard: Mapping[str, Sequence[str]] | None = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()


async def play(stage: Stage, script: Sequence[Situation], say: Callable[[str], object] = lambda _: None) -> list[str]:
    """Play the situations one after the other; return what was not as expected, of all of them."""
    amiss: list[str] = []
    for situation in script:
        begun = time.monotonic()
        stage.heard.forget()
        await situation.do(stage)
        found = await _compared(stage, situation)
        say(f"{situation.name}: {time.monotonic() - begun:.1f} s{''.join(f'{chr(10)}    {one}' for one in found)}")
        amiss += [f"{situation.name}: {one}" for one in found]
    return amiss


async def _compared(stage: Stage, situation: Situation) -> list[str]:
    """Look until all is as expected, twice in a row; return what is not when patience is over."""
    waited, good = 0.0, 0
    while True:
        seen = await look(stage.cluster, stage.runner, situation.seen)
        amiss = [
            f"{witness} {one}" for witness, wanted in situation.seen.items() for one in seen[witness].differs(wanted)
        ]
        amiss += _unheard(stage.heard.words, situation)
        good = 0 if amiss else good + 1
        if good == 2 or waited >= PATIENCE:
            return amiss
        await stage.wait(LOOKS_AGAIN)
        waited += LOOKS_AGAIN


def _unheard(words: Mapping[str, Sequence[str]], situation: Situation) -> list[str]:
    if situation.heard is None:
        return []
    amiss = []
    for source in sorted({*words, *situation.heard} - situation.late):
        said, expected = words.get(source, ()), list(situation.heard.get(source, ()))
        passing = OF_THE_MOMENT | situation.maybe
        counted = [one for one in said if one in expected or not (one in passing or one.startswith(UNSURE))]
        if counted != expected:
            amiss.append(f"{source} said {counted}, expected {expected}")
    return amiss
