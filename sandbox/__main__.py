"""`python -m sandbox PART …`: hands the rest of the line to one part of the sandbox.

Parts are imported only when asked for: `lab` must run with nothing but the system's Python, the others need the
project's dependencies.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

PARTS = {
    "lab": ("sandbox.lab.cli", "real cluster nodes in Linux namespaces (root)"),
    "nodes": ("sandbox.nodes.cli", "simulated cluster nodes behind real SSH"),
    "slack": ("sandbox.slack.cli", "a local Slack workspace with a page in the browser"),
    "run": ("sandbox.run", "the bot, a workspace and nodes together"),
}
"""Each part's module, which has `main(argv) -> exit status`, and what it is."""


def main(argv: Sequence[str]) -> int:
    """Run one part; without one, say which there are."""
    if not argv or argv[0] not in PARTS:
        lines = [f"  {name:<6} {summary}" for name, (_, summary) in PARTS.items()]
        sys.stderr.write("\n".join(["usage: python -m sandbox PART …", *lines]) + "\n")
        return 2
    module, _ = PARTS[argv[0]]
    status: int = import_module(module).main(argv[1:])
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
