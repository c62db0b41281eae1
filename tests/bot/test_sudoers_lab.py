"""The whole path by a login that is not root, allowed nothing but what the sudoers file says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio

from bot.sudoers import sudoers
from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from tests.lab.conftest import Person, serves

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

_LET_OPS_IN = """
set -eu
install -m 440 /dev/stdin /etc/sudoers.d/ops
visudo -c
install -d -o ops -g ops -m 700 ~ops/.ssh
install -o ops -g ops -m 600 ~root/.ssh/authorized_keys ~ops/.ssh/authorized_keys
rm ~root/.ssh/authorized_keys
"""


class ByOps(LabBacking):
    """The lab's nodes, entered as `ops`."""

    @property
    def ssh(self) -> Mapping[str, object]:
        return {**super().ssh, "user": "ops"}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.up("sudoers", ("n1", "n2"), bare=True) as lab:
        for node in lab.nodes:
            lab.exec(node, ["sh", "-c", _LET_OPS_IN], sudoers("ops"))
        yield lab


@pytest_asyncio.fixture
async def person(lab: Lab) -> AsyncIterator[Person]:
    async with Box(ByOps(lab, lab.plan.debian)) as box:
        yield Person(box)


async def test_bare_servers_become_a_cluster_that_is_stopped_started_and_moved(person: Person) -> None:
    first, second = (vip.partition("/")[0] for vip in person.box.backing.vips)
    done = await person.do(setup_line(person.box.backing))
    assert "done and verified" in done, done
    for address in (first, second):
        assert await serves(address)
    for change in ("stop", "start", "failover vip2 --to n1", "failback vip2"):
        done = await person.do(f"/hacluster {change}")
        assert "done and verified" in done, done
    status = (await person.ask("/hacluster status")).text
    assert "sudo" not in status, status
