"""Servers before, while and after a setup, as snapshots, and what is typed to set them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from commands.errors import NotGiven, Unreachable
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation, Expression, Location, Order, Rule
from commands.facts.cib_resources import Clone, Primitive
from commands.facts.corosync_cmap import CorosyncMap, ListedNode, Member
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.firewall import Firewall
from commands.facts.haproxy_config import Bind, HaproxyConfig
from commands.facts.host import Addresses, Clock, Interface, InterfaceAddress, OperatingSystem, Resolution
from commands.facts.packages import CLUSTER_PACKAGES, Packages
from commands.facts.pcs import HostAuth
from commands.facts.reach import InUse, PortState, Reach
from commands.facts.units import Unit, Units
from commands.plan import Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.request import OPTIONS, USAGE, SetupRequest, parse
from commands.verbs.verb import Desk
from commands.verbs.words import parse as parse_words
from commands.verbs.words import tokens

WORDS = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --vip 10.0.0.11/24 --fencing none --haproxy-cfg haproxy.cfg"
FILES = {"haproxy.cfg": "frontend web\n    bind *:80\n", "local.cfg": "frontend x\n  bind 127.0.0.1:80\n"}


class NoNodes:
    """A desk's runner that must not be used: understanding a request asks no node."""

    async def run(self, *_: Any) -> Any:
        raise AssertionError

    def stream(self, *_: Any) -> Any:
        raise AssertionError


def named(kind: str, known: dict[str, str]) -> Callable[[str], str]:
    """Return a drawer of files or secrets."""

    def get(name: str) -> str:
        if name not in known:
            raise NotGiven(f"there is no {kind} called {name!r}")
        return known[name]

    return get


def requested(words: str = WORDS, secrets: dict[str, str] | None = None) -> SetupRequest:
    desk = Desk({}, NoNodes(), file=named("file", FILES), secret=named("secret", secrets or {}))
    return parse(parse_words(tokens(words), OPTIONS, USAGE), desk)


REQUEST = requested()
NAMES = ("n1", "n2")
ADDRESS = {"n1": "10.0.0.1", "n2": "10.0.0.2"}


def unit(name: str, *, on: bool, enabled: bool) -> Unit:
    return Unit(name, loaded=True, active=on, enabled=enabled, restarts=0)


def units(*, pcsd: bool = False, boot: bool = False, haproxy: bool = False, ruby: bool = False) -> Known[Units]:
    found = (
        unit("pcsd", on=pcsd, enabled=pcsd),
        unit("corosync", on=boot, enabled=boot),
        unit("pacemaker", on=boot, enabled=boot),
        unit("haproxy", on=haproxy, enabled=haproxy),
        replace(unit("pcsd-ruby", on=pcsd, enabled=False), loaded=ruby),
    )
    return Known(Units({one.name: one for one in found}))


def held(*addresses: str) -> Known[Addresses]:
    return Known(
        Addresses(
            (Interface("eth0", up=True, addresses=tuple(InterfaceAddress(a, 24, secondary=False) for a in addresses)),)
        )
    )


NO_PROXY_CONFIG = HaproxyConfig(False, None, "", (), (), package_default=False, digest="")
OWN_PROXY_CONFIG = HaproxyConfig(True, True, "", (Bind("*", 80),), (), package_default=False, digest="own")
DEBIAN = OperatingSystem("debian", "12", "Debian 12", "apt", 12)


def bare(name: str) -> NodeSnapshot:
    """A server on which nothing of a cluster is installed."""
    node = REQUEST.cluster.node(name)
    peer = "n2" if name == "n1" else "n1"
    nothing = Known(NotRunning("not installed"))
    return NodeSnapshot(
        node,
        addresses=held(ADDRESS[name]),
        cib=nothing,
        clock=Known(Clock(1000.0)),
        cmap=nothing,
        conf=Known(NoConf()),
        disk_cib=nothing,
        firewall=Known(Firewall(active=False)),
        haproxy_config=Known(NO_PROXY_CONFIG),
        host_auth=nothing,
        os=Known(DEBIAN),
        packages=Known(Packages({})),
        peer_ports=Known(Reach({(peer, 2224): "refused"})),
        resolution=Known(Resolution({peer: (ADDRESS[peer],)})),
        status=nothing,
        sysctl=Known({"net.ipv4.ip_nonlocal_bind": "0"}),
        under_way=Known(()),
        units=units(),
        vips_in_use=Known(InUse({"10.0.0.10": None, "10.0.0.11": None})),
    )


CONF = CorosyncConf(
    "web", tuple(ConfNode(n, i, (ADDRESS[n],)) for i, n in enumerate(NAMES, 1)), True, "knet", None, "conf"
)
CMAP = CorosyncMap(
    "web",
    1,
    tuple(Member(i, True, "joined", 1, (ADDRESS[n],)) for i, n in enumerate(NAMES, 1)),
    tuple(ListedNode(i, n, (ADDRESS[n],)) for i, n in enumerate(NAMES, 1)),
    3000,
    3600,
    two_node=True,
)


def complete_cib() -> Cib:
    """The configuration that setup makes, as the CIB holds it."""
    homes = {"vip1": "n1", "vip2": "n2"}
    gates = {
        vip: (
            Expression("expression", "#uname", "ne", home),
            Expression("expression", f"hacluster-{vip}", "not_defined"),
        )
        for vip, home in homes.items()
    }
    aways = {vip: (Expression("expression", f"hacluster-{vip}", "eq", "away"),) for vip in homes}
    rules = [
        Location(f"{kind}-{vip}", vip, rules=(Rule(f"{kind}-{vip}", -1_000_000, "and", said),))
        for kind, told in (("gate", gates), ("away", aways))
        for vip, said in told.items()
    ]
    return Cib(
        0, 7, 0, "", "", "", "cib",
        properties={"stonith-enabled": "false"},
        resource_defaults={"resource-stickiness": "100"},
        primitives=(
            Primitive("haproxy", "systemd", "", "haproxy", clone="haproxy-clone"),
            Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.10"}),
            Primitive("vip2", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.11"}),
        ),
        clones=(Clone("haproxy-clone", {}, ("haproxy",)),),
        orders=tuple(Order(f"o-{v}", "haproxy-clone", v) for v in ("vip1", "vip2")),
        colocations=tuple(Colocation(f"c-{v}", v, "haproxy-clone", 1_000_000) for v in ("vip1", "vip2")),
        locations=tuple(rules),
    )  # fmt: skip


def answering(state: PortState = "open") -> Known[Reach]:
    """What a node finds at the floating IPs' ports."""
    return Known(Reach({("10.0.0.10", 80): state, ("10.0.0.11", 80): "open"}))


def finished(name: str) -> NodeSnapshot:
    """A member of the cluster that was asked for."""
    online = tuple(
        NodeState(n, str(i), True, False, False, False, False, False, True, i == 1, 1) for i, n in enumerate(NAMES, 1)
    )
    status = ClusterStatus("2.1.5", "n1", True, False, False, "stop", "running", online, (), (), (), (), ())
    return replace(
        bare(name),
        addresses=held(ADDRESS[name], "10.0.0.10" if name == "n1" else "10.0.0.11"),
        cib=Known(complete_cib()),
        cmap=Known(CMAP),
        conf=Known(CONF),
        disk_cib=Known(complete_cib()),
        haproxy_config=Known(OWN_PROXY_CONFIG),
        host_auth=Known(HostAuth({"n1": "online", "n2": "online"})),
        packages=Known(Packages(dict.fromkeys(CLUSTER_PACKAGES["apt"], "1:3.1"))),
        peer_ports=Known(Reach({("n2" if name == "n1" else "n1", 2224): "open"})),
        status=Known(status),
        sysctl=Known({"net.ipv4.ip_nonlocal_bind": "1"}),
        units=units(pcsd=True, boot=True),
        vip_ports=answering(),
        vips_in_use=Known(InUse({"10.0.0.10": "self", "10.0.0.11": "self"})),
    )


def unreachable(name: str) -> NodeSnapshot:
    error = Unreachable("no answer within 5 s", node=name, remedy="Is it on?")
    fields = {f: Unknown(str(error), error) for f in NodeSnapshot.__slots__ if f != "node"}
    return NodeSnapshot(REQUEST.cluster.node(name), **fields)


def snapshot(*nodes: NodeSnapshot) -> Snapshot:
    return Snapshot(REQUEST.cluster, nodes)


BARE = snapshot(bare("n1"), bare("n2"))
FINISHED = snapshot(finished("n1"), finished("n2"))


def both(**changes: Any) -> Snapshot:
    return snapshot(*(replace(bare(name), **changes) for name in NAMES))


def ids(decision: object) -> list[str]:
    assert isinstance(decision, Plan), decision
    return [step.id for step in decision.steps]


def reasons(decision: object) -> str:
    assert isinstance(decision, Refusal), decision
    assert all(reason.remedy for reason in decision.reasons), "each reason says what to do about it"
    return "\n".join(f"{reason.node}: {reason.text}" for reason in decision.reasons)
