"""The early words of one node: changes in corosync's own map, and the lines of its log file, as they happen.

Source: `corosync-cmapctl(8)`, held against corosync 3.1.2, 3.1.7 and 3.1.9. The map says who is a member 10 ms after
corosync knows; the log file says that a link is down, 0.15 s after corosync wrote it (the journal takes 0.45 s), seconds
before anybody is out. There is no first state: who subscribed reads it afterwards.

`corosync-cmapctl -T` is not fit for a pipe. It buffers what it prints, hence `stdbuf`; and where its standard input is
closed it spins on a core for ever, hence one that never says anything and is never closed. When corosync ends, so does
it, and with it the whole stream. `tail` is told of new lines by inotify; where a file system has none it looks itself,
ten times a second instead of once.
"""

from __future__ import annotations

from commands.command import Command
from commands.facts import lease

SUBSCRIBED = 'Type "q" to finish'
"""What corosync-cmapctl says once it is told of changes."""

_FOLLOW = lease.script("""
{ stdbuf -oL corosync-cmapctl -T runtime.members. runtime.votequorum. < <(exec sleep infinity); kill $$; } &
[ -z "$1" ] || { tail --lines=0 --follow=name --retry --sleep-interval=0.1 -- "$1"; kill $$; } &
""")


def follow(logfile: str | None) -> Command:
    """Return the command of the leased stream; `logfile` is where corosync writes to, if it writes to a file."""
    return lease.command(_FOLLOW, logfile or "")
