"""A first visit of a minute: what a newcomer does on the page, what comes of it, and by which words that is known."""

from __future__ import annotations

from sandbox.slack.front import GuideStep

FAREWELL = (
    "Two bare servers became a cluster, one lost its power, and its floating IP went on because you said so. "
    "Now: Power on n2 on the left, then /hacluster failback vip2 brings the address home. Act as vic or eve, at the "
    "bottom left, to see what others may do. /hacluster help lists what you may."
)


def power_off(node: str) -> str:
    """Return the label of the button that cuts a node's power."""
    return f"Power off {node}"


def first_visit(setup: str, nodes: tuple[str, ...]) -> tuple[GuideStep, ...]:
    """Return the steps: `setup` is the command that makes the cluster. The second node has the second floating IP."""
    lost = nodes[1]
    return (
        GuideStep(
            "Make a cluster of bare servers",
            "The bot looks at them and shows a plan. Nothing is changed yet.",
            until="Do it?",
            line=setup,
        ),
        GuideStep(
            "Read the plan, then press Confirm in it",
            "It says what would be done, on which node, by exactly which commands.",
            until="setup under way",
        ),
        GuideStep(
            "Watch it work",
            "It installs, configures and starts, and verifies each step before the next. About ten seconds.",
            until="setup done and verified",
        ),
        GuideStep("Ask how it is", "Both nodes are asked, and the answer is theirs.", "healthy", "/hacluster status"),
        GuideStep(
            f"Now power off {lost}",
            "The machine goes without a word. The channel hears of it as soon as its cluster does.",
            until="vip2 waits at its gate",
            press=power_off(lost),
        ),
        GuideStep(
            f"Let vip2 move: press Fail over vip2 to {nodes[0]}, then Confirm",
            "Without power fencing nobody can be sure that a lost node is off. So a person says when its address moves.",
            until="failover done and verified",
        ),
    )
