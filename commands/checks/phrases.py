"""The small words findings share."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[str]) -> str:
    """Join names as people do: `n1`, `n1 and n2`, `n1, n2 and n3`."""
    *before, last = tuple(names) or ("nobody",)
    return f"{', '.join(before)} and {last}" if before else last


def does(names: Iterable[str], one: str, several: str) -> str:
    """Join names with the verb form that fits how many they are: `n1 sees`, `n1 and n2 see`."""
    them = tuple(names)
    return f"{listed(them)} {one if len(them) == 1 else several}"


def counted(number: int, thing: str) -> str:
    """Say how many: `1 node`, `2 nodes`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def moment(when: str) -> str:
    """Return Pacemaker's UTC time (`2026-11-23 06:28:47Z`, from version 3 with microseconds) for people."""
    date, _, clock = when.removesuffix("Z").partition(" ")
    return f"{date} {clock.partition('.')[0]} UTC" if clock and when.endswith("Z") else when
