"""How fast a person's word takes effect, and whether what was predicted came: on real nodes, through the workspace.

Four measurements, each with the bar it is held to; both sides of a comparison run on the same nodes within minutes:

- approved: a node's power goes, its floating IP waits at its gate, somebody asks, another presses Approve -> it answers
  HTTP on the survivor. Bar: 1 s (median). The cluster, the plan and the prediction are all read and made anew between.
- vouched: what people do without gates: the fence agent hangs on the dead node until `pcs stonith confirm` says it is
  off. No bar; it stands beside the first.
- moved: `failover vip1 --to NODE`, typed -> it answers there, over `pcs resource move --wait` by SSH of the same floating
  IP: bar 1.0; and the longest gap that a client asking every 10 ms sees, of both.
- foreseen: so many seeded random changes of a three-node cluster with a clone, a group and constraints: how often the
  prediction came true, how often a difference was told. Neither is no answer.

Nothing is checked here: a missed bar is said in words.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from sandbox.lab.lab import Lab
from tests.lab.bench import say
from tests.lab.changes_approved import approving
from tests.lab.changes_foreseen import foreseeing
from tests.lab.changes_moved import moving

PARTS = ("approved", "moved", "foreseen")


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.bench_changes", description="Changes on real nodes.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="power-offs and moves of each kind (default: 3)")
    parser.add_argument("--changes", type=int, default=50, help="random changes (default: 50)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--debian", type=int, default=12, choices=(11, 12, 13))
    arguments = parser.parse_args(argv)
    parts, debian = arguments.parts or PARTS, arguments.debian
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    say(f"Debian {debian}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if "approved" in parts:
        with Lab.up(f"approve{debian}", debian=debian) as lab:
            asyncio.run(approving(lab, debian, arguments.rounds))
    if "moved" in parts:
        with Lab.up(f"move{debian}", debian=debian) as lab:
            asyncio.run(moving(lab, debian, arguments.rounds))
    if "foreseen" in parts:
        with Lab.up(f"foresee{debian}", ("n1", "n2", "n3"), debian=debian) as lab:
            asyncio.run(foreseeing(lab, debian, arguments.changes, arguments.seed))
    say(f"load {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
