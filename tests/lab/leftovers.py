"""What the bot runs on nodes, found by its words: whoever started it may be gone long since."""

from __future__ import annotations

from collections import Counter

from sandbox.lab.lab import Lab

STREAMS = ("journalctl --quiet --follow", "corosync-cmapctl -T")
"""What each of a node's two streams runs, once."""

# Whatever their parents have become: the words of our scripts and of what they start.
_OURS = r"""
for folder in /proc/[0-9]*; do
    words=$(tr '\0\n' '  ' 2>/dev/null <"$folder/cmdline") || continue
    case $words in
    *'for folder in /proc/'*) ;; # this very look
    *'read -r -t'* | 'journalctl --quiet --follow'* | *'corosync-cmapctl -T'* | 'tail --lines=0'* | 'sleep infinity'*)
        printf '%s %s\n' "${folder#/proc/}" "$words" ;;
    esac
done
"""


def ours(lab: Lab, node: str) -> dict[int, str]:
    """Return the processes of ours that run on a node, by number."""
    rows = lab.exec(node, ["sh", "-c", _OURS]).stdout.splitlines()
    return {int(number): words for number, _, words in (row.partition(" ") for row in rows)}


def orphans(lab: Lab, node: str) -> int:
    """Return how many of a node's streams nobody can be following: a bot that runs follows one of each."""
    running = Counter(stream for words in ours(lab, node).values() for stream in STREAMS if words.startswith(stream))
    return sum(count - 1 for count in running.values())
