"""A real cluster, made by hand from shell commands, put into one situation after the other.

The commands are those an administrator would type; nothing of the bot's is used, so that what is recorded from here
can judge it.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.lab.errors import LabError
from sandbox.lab.lab import Lab

HAPROXY_CFG = Path(__file__).parents[1] / "haproxy" / "haproxy.cfg"
PASSWORD = "of-no-use-elsewhere"  # noqa: S105 (the nodes live for minutes, in a network of their own)
SETTLES_WITHIN_S = 300.0

# $1: the cluster's name, then NAME addr=ADDRESS for each node. The password comes on stdin.
_AUTH_AND_SETUP = """
set -eu
cluster=$1; shift
pcs host auth -u hacluster -- "$@"
pcs cluster setup "$cluster" "$@"
"""

# Without it the first election waits 20 s for answers.
_SEED = """<cib crm_feature_set="3.0.0" validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="2s"/>
</cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration><status/></cib>
"""
_SEED_CIB = """
set -eu
cd /var/lib/pacemaker/cib
rm -f ./*
install -o hacluster -g haclient -m 600 /dev/stdin cib.xml
"""

# $1 and $2: the VIPs.
_CONFIGURE = """
set -eu
folder=$(mktemp -d); W=$folder/cib O=$folder/before
pcs cluster cib "$W"; cp "$W" "$O"
pcs -f "$W" property set stonith-enabled=false dc-deadtime=
pcs -f "$W" resource defaults update resource-stickiness=100
pcs -f "$W" resource create haproxy systemd:haproxy op monitor interval=5s timeout=20s
pcs -f "$W" resource clone haproxy; pcs -f "$W" resource meta haproxy-clone interleave=true
for vip in "vip1 $1 n1" "vip2 $2 n2"; do
    set -- $vip
    pcs -f "$W" resource create "$1" ocf:heartbeat:IPaddr2 ip="$2" cidr_netmask=24 nic=eth0 op monitor interval=5s
    pcs -f "$W" constraint order start haproxy-clone then "$1"
    pcs -f "$W" constraint colocation add "$1" with haproxy-clone score=INFINITY
    pcs -f "$W" constraint location "$1" rule id="gate-$1" score=-INFINITY '#uname' ne "$3" and not_defined "hacluster-$1"
done
pcs -f "$W" constraint colocation add vip2 with vip1 score=-1000
crm_verify --xml-file "$W"
pcs cluster cib-push "$W" diff-against="$O" --wait=60
"""


def build(lab: Lab, cluster: str) -> None:
    """Make the nodes one cluster, all online, without resources."""
    hosts = [word for name, addresses in lab.nodes.items() for word in (name, *(f"addr={a}" for a in addresses))]
    first, *_ = lab.nodes
    for node in lab.nodes:
        _sh(lab, node, "pcs cluster destroy; systemctl enable --now pcsd; systemctl disable --now haproxy")
        lab.exec(node, ["chpasswd"], f"hacluster:{PASSWORD}\n")
        lab.exec(node, ["install", "-m", "644", "/dev/stdin", "/etc/haproxy/haproxy.cfg"], HAPROXY_CFG.read_text())
    _sh(lab, first, _AUTH_AND_SETUP, cluster, *hosts, text=f"{PASSWORD}\n")
    for node in lab.nodes:
        _sh(lab, node, _SEED_CIB, text=_SEED)
    _sh(lab, first, "pcs cluster start --all --wait=60; pcs cluster enable --all")
    _until(
        lab,
        first,
        lambda status: status.count('online="true"') >= len(lab.nodes) and 'expected_up="false"' not in status,
    )


def configure(lab: Lab) -> None:
    """HAProxy on all nodes, two floating IPs, each gated to a home of its own."""
    first, *_ = lab.nodes
    _sh(lab, first, _CONFIGURE, lab.free_address(1), lab.free_address(2))
    _settle(lab, first)


def of_two_nodes(lab: Lab) -> Iterator[str]:  # noqa: PLR0915 (a list of situations, one after the other)
    """Put n1 and n2 into each situation in turn, and say its name while it lasts."""
    yield "just-booted"
    for node in lab.nodes:
        _until(lab, node, lambda status: ' online="true"' in status)
    yield "fresh"

    build(lab, "web")
    yield "empty"

    configure(lab)
    yield "healthy"

    _sh(lab, "n1", "pcs resource ban vip1 n1")
    _settle(lab, "n1")
    yield "vip1-banned"
    _sh(lab, "n1", "pcs resource clear vip1")

    _sh(lab, "n1", "pcs node standby n1 --wait=60")
    _settle(lab, "n1")
    yield "n1-standby"
    _sh(lab, "n1", "pcs node unstandby n1 --wait=60")

    _sh(lab, "n1", "pcs property set maintenance-mode=true")
    _settle(lab, "n1")
    yield "maintenance"
    _sh(lab, "n1", "pcs property set maintenance-mode=false")

    _sh(lab, "n1", "pcs cluster stop n2")
    _until(lab, "n1", _is_offline("n2"))
    yield "n2-stopped"
    _sh(lab, "n1", "pcs cluster start n2 --wait=60")
    _until(lab, "n1", _is_online("n2"))

    _sh(
        lab,
        "n2",
        "sed -i 's/bind \\*:80/bind 10.255.255.1:80/' /etc/haproxy/haproxy.cfg; systemctl kill --signal=KILL haproxy",
    )
    _until(lab, "n1", lambda status: 'fail-count="1000000"' in status)
    _settle(lab, "n1")
    yield "haproxy-failed-start"
    _sh(
        lab,
        "n2",
        "sed -i 's/bind 10.255.255.1:80/bind *:80/' /etc/haproxy/haproxy.cfg; systemctl reset-failed haproxy || true",
    )
    _sh(lab, "n1", "pcs resource cleanup")
    _until(lab, "n1", lambda status: "<failure " not in status)
    _settle(lab, "n1")

    lab.cut("n1", "n2")
    for witness, other in (("n1", "n2"), ("n2", "n1")):
        _until(lab, witness, _is_offline(other))
        _settle(lab, witness)
    yield "split"
    lab.heal()
    _until(lab, "n1", _is_online("n2"))
    _until(lab, "n2", _is_online("n1"))

    lab.power_off("n2")
    _until(lab, "n1", _is_offline("n2"))
    _settle(lab, "n1")
    yield "n2-lost"
    _sh(lab, "n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -v yes")
    _settle(lab, "n1")
    yield "n2-lost-failover-approved"
    _bring_back(lab)
    yield "n2-back-before-failback"
    _sh(lab, "n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -D")
    _settle(lab, "n1")

    _sh(lab, "n1", "pcs property set stonith-enabled=true")
    _settle(lab, "n1")
    yield "fencing-without-device"
    lab.power_off("n2")
    _until(lab, "n1", lambda status: 'unclean="true"' in status)
    yield "n2-lost-unclean"
    _sh(lab, "n1", "pcs property set stonith-enabled=false")
    _bring_back(lab)

    # A device that succeeds without doing anything: what it "fences" is taken off by us.
    _sh(lab, "n1", "pcs stonith create fence-n2 fence_dummy pcmk_host_list=n2 && pcs property set stonith-enabled=true")
    _settle(lab, "n1")
    yield "fence-device"
    lab.power_off("n2")
    _until(
        lab,
        "n1",
        lambda status: _is_offline("n2")(status) and 'unclean="true"' not in status and "<fence_event" in status,
    )
    _settle(lab, "n1")
    yield "n2-fenced"
    _bring_back(lab)

    _sh(lab, "n1", "pcs cluster stop --all")
    yield "stopped"


def of_three_nodes(lab: Lab) -> Iterator[str]:
    """Put n1, n2 and n3 into the situations that need a majority."""
    build(lab, "web")
    configure(lab)
    _until(lab, "n1", _is_online("n3"))
    yield "three-nodes"

    lab.cut("n3")
    _until(lab, "n3", _is_offline("n1"))
    _until(lab, "n1", _is_offline("n3"))
    _settle(lab, "n1")
    yield "n3-without-quorum"


def _bring_back(lab: Lab) -> None:
    lab.power_on("n2")
    _until(lab, "n1", _is_online("n2"))
    _settle(lab, "n1")


def _is_online(node: str) -> Callable[[str], bool]:
    return lambda status: f'<node name="{node}"' in status and ' online="true"' in _line_of(node, status)


def _is_offline(node: str) -> Callable[[str], bool]:
    return lambda status: f'<node name="{node}"' in status and ' online="false"' in _line_of(node, status)


def _line_of(node: str, status: str) -> str:
    return next(line for line in status.splitlines() if f'<node name="{node}"' in line and " online=" in line)


def _until(lab: Lab, witness: str, holds: Callable[[str], bool]) -> None:
    """Wait until one node's view of the cluster is as wanted."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    status = ""
    while time.monotonic() < deadline:
        status = lab.exec(witness, ["crm_mon", "--output-as=xml", "--inactive"], check=False).stdout
        if holds(status):
            return
        time.sleep(0.25)
    raise LabError(f"{witness} did not come to see what was awaited within {SETTLES_WITHIN_S:.0f} s:\n{status}")


def _settle(lab: Lab, witness: str) -> None:
    """Wait until Pacemaker has nothing left to do."""
    lab.exec(witness, ["crm_resource", "--wait", f"--timeout={SETTLES_WITHIN_S:.0f}"], timeout=SETTLES_WITHIN_S + 10)


def _sh(lab: Lab, node: str, script: str, *arguments: str, text: str | None = None) -> None:
    lab.exec(node, ["sh", "-c", script, "sh", *arguments], text, timeout=SETTLES_WITHIN_S)
