"""What is different between a plan that was shown and the one that would be carried out now, in words. Pure."""

from __future__ import annotations

from commands.plan import Plan


def differences(before: Plan, after: Plan) -> tuple[str, ...]:
    """Say what is different between the plan that was confirmed and the one that would be carried out now."""
    lines = [
        "This is a new plan: the cluster is no longer what the earlier one was made for, and nothing of that was run."
    ]
    for words, old, new in (
        ("No longer so", before.guards, after.guards),
        ("Now so", after.guards, before.guards),
        ("No longer needed", _titles(before), _titles(after)),
        ("New", _titles(after), _titles(before)),
    ):
        gone = [line for line in old if line not in new]
        if gone:
            lines.append(f"{words}: {'; '.join(gone)}.")
    return tuple(lines)


def _titles(plan: Plan) -> tuple[str, ...]:
    return tuple(step.title for step in plan.steps)
