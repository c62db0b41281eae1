"""crm_simulate, as the script that asks it about a copy of the CIB has it answer.

The scheduler is the model's own (`placement`), so its answers are honest about what these nodes will do.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.imagined import Imagined, moves
from sandbox.nodes.tools.crm_mon import told

INVALID = 78
_PACKAGE = "pacemaker-cli-utils"


async def simulate(call: Call) -> Answer:
    """Play the script: the copy on standard input, what happens to it in the flags."""
    if _PACKAGE not in call.machine.packages:
        return Answer("absent\nend\n")
    await call.takes(0.06)
    try:
        before = Imagined.read(call.stdin)
    except ValueError as error:
        return Answer(status=INVALID, stderr=f"{error}\n")
    known = set(before.cib.nodes())
    begun = before.copy()
    for flag in call.args:
        event, _, node = flag.partition("=")
        happens = {"--node-fail": begun.lose, "--node-down": begun.stop, "--node-up": begun.bring}.get(event)
        if happens is None or node not in known:
            return Answer(status=INVALID, stderr=f"crm_simulate: the model does not play {flag}\n")
        happens(node)
    after = begun.copy()
    fenced = after.play()
    said = _said(begun, after, fenced)
    lines = [
        *_tagged("said", said),
        *_tagged("before", told(before, call.machine.release, call.now)),
        *_tagged("after", told(after, call.machine.release, call.now)),
    ]
    return Answer("".join(f"{line}\n" for line in (*lines, "end")))


def _tagged(word: str, text: str) -> Iterator[str]:
    return (f"{word} {line}" for line in text.splitlines())


def _said(begun: Imagined, after: Imagined, fenced: list[str]) -> str:
    """Return the transition summary; the rest of what the real one says nobody reads."""
    lines = ["Transition Summary:"]
    lines += [f"  * Fence (reboot) {node} 'peer is no longer part of the cluster'" for node in fenced]
    for action, resource, source, target in moves(begun, after):
        name = f"{resource.id}:0" if resource.clone else resource.id
        where = f"{source} -> {target}" if action == "Move" else source or target
        lines.append(f"  * {action:10} {name} ( {where} )")
    return "\n".join((*lines, "", "Executing Cluster Transition:", ""))
