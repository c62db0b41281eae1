"""The contract: the life of a cluster of two, and what its nodes, real or simulated, then let be seen and heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tests.sandbox.contract.deeds import (
    cut,
    done,
    each,
    fenced,
    healed,
    mended,
    nowhere,
    off,
    on,
    ran,
    restarted,
    set_up,
    spoiled,
)
from tests.sandbox.contract.observed import Seen
from tests.sandbox.contract.playing import Situation

N1, N2 = Seen(holds="vip1"), Seen(holds="vip2")
HEALTHY: Mapping[str, Seen] = MappingProxyType({"n1": N1, "n2": N2})
GATE_OF_VIP2_OPEN = MappingProxyType({"vip1": "n1", "vip2": "n2, open on n1"})
SETTLED = "crm_resource --wait --timeout=60"
RECOVERED = ("haproxy_monitor_5000 on n1: not running",)

ALONE = replace(
    N1,
    members="n1",
    links="n1",
    quorum="1 of 2: 2Node Quorate WaitForAll",
    nodes={"n1": "online", "n2": "lost"},
    runs={"haproxy": "n1", "vip1": "n1", "vip2": ""},
)
"""How n1 sees it when n2 is gone without a word."""
DOWN = Seen(
    units="pcsd", members="", links="", quorum="", dc=False, nodes={}, runs={}, gates={}, barred={}, holds="", proxy=""
)
"""A node whose cluster is stopped."""

LOST = ("link down n2", "token late", "token lost", "member left n2")
STOPPED = ("corosync stopping n2", "member left n2", "link down n2")
JOINED = ("member joined n2",)
STARTING = ("corosync starting", "member joined n2", "member joined n1", "quorum regained")


def both(**changed: object) -> dict[str, Seen]:
    """Say what both see differently from a healthy cluster."""
    return {name: replace(seen, **changed) for name, seen in HEALTHY.items()}  # type: ignore[arg-type]


def of_n1(*words: str, membership: Sequence[str]) -> dict[str, Sequence[str]]:
    """Say what is heard of n1: the same words in corosync's log and in the journal, and the changes of its map."""
    return {"n1 cmap": tuple(membership), "n1 log": words, "n1 journal": words}


BACK = {**of_n1(*JOINED, membership=JOINED), "n2 journal": STARTING}
LATE = frozenset({"n2 cmap", "n2 log"})
"""What a node says there while it starts is over before anybody follows it."""
NOT_YET = frozenset({"quorum lost"})
"""Pacemaker 2.0.5 was heard to miss the quorum that its corosync had yet to get."""

OF_TWO: Sequence[Situation] = (
    Situation("set up", set_up, HEALTHY, heard=None),
    Situation(
        "n1 is in standby",
        ran("n1", "pcs node standby n1"),
        {
            "n1": replace(
                N1,
                units="corosync pacemaker pcsd",
                nodes={"n1": "online, standby", "n2": "online"},
                runs={"haproxy": "n2", "vip1": "", "vip2": "n2"},
                holds="",
                proxy="",
            ),
            "n2": replace(
                N2,
                nodes={"n1": "online, standby", "n2": "online"},
                runs={"haproxy": "n2", "vip1": "", "vip2": "n2"},
            ),
        },
    ),
    Situation("n1 is in service again", ran("n1", "pcs node unstandby n1"), HEALTHY),
    Situation(
        "a resource is made",
        ran("n1", "pcs resource create d1 ocf:pacemaker:Dummy op monitor interval=5s", SETTLED),
        both(runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n2", "d1": "n1"}),
    ),
    Situation(
        "it is moved",
        ran("n1", "crm_resource --resource d1 --move --node n2", SETTLED, "crm_resource --resource d1 --clear"),
        both(runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n2", "d1": "n2"}),
    ),
    Situation("it is taken away", ran("n1", "pcs resource delete d1", SETTLED), HEALTHY),
    Situation(
        "an address cannot be started, and nobody tries elsewhere",
        nowhere,
        both(
            runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n2", "vip3": ""},
            failed=("vip3 on n1: INFINITY", "vip3_start_0 on n1: not configured"),
        ),
    ),
    Situation("that address is taken away", ran("n1", "pcs resource delete vip3", SETTLED), HEALTHY),
    Situation(
        "HAProxy that Pacemaker started is killed, found and started again",
        ran("n1", "pkill -9 haproxy"),
        both(failed=RECOVERED),
    ),
    Situation("the failure is forgotten", ran("n1", "pcs resource cleanup"), HEALTHY),
    Situation(
        "maintenance: HAProxy is killed, and nobody looks",
        ran("n1", "pcs property set maintenance-mode=true", SETTLED, "pkill -9 haproxy"),
        {
            "n1": replace(N1, pacemaker="maintenance", units="corosync pacemaker pcsd", proxy=""),
            "n2": replace(N2, pacemaker="maintenance"),
        },
    ),
    Situation(
        "maintenance is over, and it is found",
        ran("n2", "pcs property set maintenance-mode=false"),
        both(failed=RECOVERED),
    ),
    Situation(
        "HAProxy cannot be started on n1",
        spoiled,
        {
            name: replace(
                seen,
                failed=("haproxy on n1: INFINITY", "haproxy_start_0 on n1: error"),
                runs={"haproxy": "n2", "vip1": "", "vip2": "n2"},
                holds=seen.holds.replace("vip1", ""),
                units=seen.units.removesuffix(" haproxy") if name == "n1" else seen.units,
                proxy="" if name == "n1" else seen.proxy,
            )
            for name, seen in HEALTHY.items()
        },
    ),
    Situation("it can again", mended, HEALTHY),
    Situation(
        "n2 loses its power, and its address waits", off("n2"), {"n1": ALONE}, of_n1(*LOST, membership=LOST[-1:])
    ),
    Situation(
        "its gate is opened",
        ran("n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -v yes"),
        {
            "n1": replace(
                ALONE,
                runs={"haproxy": "n1", "vip1": "n1", "vip2": "n1"},
                gates=GATE_OF_VIP2_OPEN,
                barred={"vip1": "n2"},
                holds="vip1 vip2",
            )
        },
    ),
    Situation(
        "n2 is back, and nothing moves",
        on("n2"),
        {
            "n1": replace(
                N1,
                runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n1"},
                gates=GATE_OF_VIP2_OPEN,
                barred={"vip1": "n2"},
                holds="vip1 vip2",
            ),
            "n2": replace(
                N2,
                runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n1"},
                gates=GATE_OF_VIP2_OPEN,
                barred={"vip1": "n2"},
                holds="",
            ),
        },
        BACK,
        LATE,
        NOT_YET,
    ),
    Situation("its address comes home", ran("n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -D"), HEALTHY),
    Situation(
        "the network is cut, and each keeps what it has",
        cut(("n1", "n2")),
        {
            "n1": ALONE,
            "n2": replace(
                ALONE,
                members="n2",
                links="n2",
                nodes={"n1": "lost", "n2": "online"},
                runs={"haproxy": "n2", "vip1": "", "vip2": "n2"},
                holds="vip2",
            ),
        },
        {
            **of_n1(*LOST, membership=LOST[-1:]),
            "n2 cmap": ("member left n1",),
            "n2 log": (lost := tuple(word.replace("n2", "n1") for word in LOST)),
            "n2 journal": lost,
        },
    ),
    Situation(
        "the network is whole",
        healed,
        HEALTHY,
        {
            **of_n1(*JOINED, membership=JOINED),
            "n2 cmap": ("member joined n1",),
            "n2 log": ("member joined n1",),
            "n2 journal": ("member joined n1",),
        },
    ),
    Situation(
        "the cluster is stopped on n2",
        ran("n2", "pcs cluster stop"),
        {"n1": replace(ALONE, nodes={"n1": "online", "n2": "stopped"}), "n2": DOWN},
        {
            **of_n1(*STOPPED, membership=("member left n2",)),
            "n2 journal": ("corosync stopping", "corosync stopping n2"),
        },
        LATE,
    ),
    Situation("it is started there", ran("n2", "pcs cluster start"), HEALTHY, BACK, LATE, NOT_YET),
    Situation(
        "n2 is shut down and switched on",
        restarted("n2"),
        HEALTHY,
        {
            **of_n1(*STOPPED, *JOINED, membership=("member left n2", "member joined n2")),
            "n2 journal": ("corosync stopping", "corosync stopping n2", *STARTING),
        },
        LATE,
        NOT_YET,
    ),
    Situation(
        "failover is Pacemaker's, and nodes are fenced",
        each(
            ran(
                "n1",
                "pcs stonith create fence-n1 fence_dummy pcmk_host_list=n1",
                "pcs stonith create fence-n2 fence_dummy pcmk_host_list=n2",
                "pcs property set stonith-enabled=true",
                SETTLED,
            ),
            done("failover-mode automatic"),
        ),
        both(pacemaker="fencing", gates={}, barred={}),
    ),
    Situation(
        "n2 loses its power, is fenced, and what it had is on n1",
        each(off("n2"), fenced("n2")),
        both(pacemaker="fencing", gates={}, barred={}, fenced=("reboot n2: success",)),
        {**of_n1(*LOST, *JOINED, membership=("member left n2", "member joined n2")), "n2 journal": STARTING},
        LATE,
        NOT_YET,
    ),
)
