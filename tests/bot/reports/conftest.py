"""Clusters as they are now: what the real tools told, recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from commands.snapshot import Snapshot, gather
from commands.verbs.status.verb import READS
from config.inventory import ClusterSpec, VipSpec, parse_node
from tests.commands.conftest import CAPTURES, RecordedNodes

RECORDED = ClusterSpec(
    name="web",
    nodes=(parse_node("n1=10.213.2.11"), parse_node("n2=10.213.2.12")),
    vips=(VipSpec.parse("10.213.2.101/24"), VipSpec.parse("10.213.2.102/24")),
)

Now = Callable[[str], Awaitable[Snapshot]]
"""Looks at a cluster in a recorded situation: `await now("n2-lost")`."""


@pytest.fixture
def now() -> Now:
    """See `Now`: a cluster as it was in a recorded situation, by its name."""

    async def look(situation: str) -> Snapshot:
        return await gather(RECORDED, RecordedNodes(CAPTURES / "debian12" / situation, together=1), READS)

    return look
