"""The output of our own fixed scripts: every line begins with a word that says what it is, the last one is `end`.

Text of a file or of another tool is carried as tagged lines too, so that nothing in it can be taken for ours, and an
output that was cut short is noticed instead of being read as "nothing more there".
"""

from __future__ import annotations

from commands.errors import UnreadableOutput


def tagged(tool: str, text: str) -> list[tuple[str, str]]:
    """Split a script's output into (word, rest) pairs. Raises `UnreadableOutput` if it does not end with `end`."""
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    if not lines or lines.pop() != "end":
        raise UnreadableOutput(tool, "it was cut short", text)
    pairs = []
    for line in lines:
        word, _, rest = line.partition(" ")
        pairs.append((word, rest))
    return pairs
