"""Setup decides purely: every reason not to at once, and the steps that are left, whatever is there already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import configuration
from commands.errors import HostKeyUnknown, Unreachable, UsageError
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation, Expression, Location, Order, Rule
from commands.facts.cib_resources import Clone, Primitive
from commands.facts.corosync_cmap import CorosyncMap, ListedNode, Member
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.facts.firewall import Firewall
from commands.facts.haproxy_config import Bind, HaproxyConfig
from commands.facts.host import Addresses, Clock, Interface, InterfaceAddress, OperatingSystem, Resolution
from commands.facts.packages import CLUSTER_PACKAGES, Packages
from commands.facts.pcs import HostAuth
from commands.facts.reach import InUse, Reach
from commands.facts.units import Unit, Units
from commands.plan import NothingToDo, Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.request import OPTIONS, USAGE, SetupRequest, parse
from commands.verbs.setup.verb import decide
from commands.verbs.verb import Declared, Desk
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


def _named(kind: str, known: dict[str, str]) -> Callable[[str], str]:
    def get(name: str) -> str:
        if name not in known:
            raise UsageError(f"there is no {kind} called {name!r}")
        return known[name]

    return get


def requested(words: str = WORDS, secrets: dict[str, str] | None = None) -> SetupRequest:
    desk = Desk({}, NoNodes(), file=_named("file", FILES), secret=_named("secret", secrets or {}))
    return parse(parse_words(tokens(words), OPTIONS, USAGE), desk)


REQUEST = requested()
NAMES = ("n1", "n2")
ADDRESS = {"n1": "10.0.0.1", "n2": "10.0.0.2"}


def unit(name: str, *, on: bool, enabled: bool) -> Unit:
    state = "active" if on else "inactive"
    return Unit(name, loaded=True, active=on, active_state=state, sub_state="", enabled=enabled, restarts=0)


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


NO_PROXY_CONFIG = HaproxyConfig(False, None, "", (), (), None, package_default=False, digest="")
OWN_PROXY_CONFIG = HaproxyConfig(True, True, "", (Bind("*", 80),), (), None, package_default=False, digest="own")
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
        status=Known(status),
        sysctl=Known({"net.ipv4.ip_nonlocal_bind": "1"}),
        units=units(pcsd=True, boot=True),
        vips_in_use=Known(InUse({"10.0.0.10": "self", "10.0.0.11": "self"})),
    )


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


# ---------------------------------------------------------------- what is left to do


def test_bare_servers_get_the_whole_recipe_in_order() -> None:
    assert ids(decide(REQUEST, BARE)) == [
        "packages", "sysctl", "leftover", "pcsd", "password", "auth", "create", "seed", "start", "trusted", "haproxy",
        "enable", "draft", "configure", "serving",
    ]  # fmt: skip


def test_the_commands_are_those_of_the_recipe() -> None:
    decision = decide(REQUEST, BARE)
    assert isinstance(decision, Plan)
    shown = [c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert "pcs host auth -u hacluster -- n1 addr=10.0.0.1 n2 addr=10.0.0.2 < the hacluster password" in shown
    assert "pcs cluster setup web n1 addr=10.0.0.1 n2 addr=10.0.0.2" in shown
    assert shown.count("systemctl start corosync pacemaker") == 2, "on each node"
    assert shown.count("env SYSTEMCTL_SKIP_SYSV=1 systemctl enable corosync pacemaker pcsd") == 2, "on each node"
    assert shown.count("env SYSTEMCTL_SKIP_SYSV=1 systemctl disable --no-reload haproxy") == 2, "on each node"
    assert not any("--force" in line or "--debug" in line for line in shown if line.startswith("pcs"))


def test_a_finished_cluster_is_left_alone() -> None:
    decision = decide(replace(REQUEST, known=REQUEST.cluster), FINISHED)
    assert isinstance(decision, NothingToDo)


def test_a_finished_cluster_that_is_not_known_is_remembered_and_not_touched() -> None:
    decision = decide(REQUEST, FINISHED)
    assert isinstance(decision, Plan)
    assert (decision.steps, decision.declares) == ((), REQUEST.cluster)


FIELDS = [
    ("packages", ["packages"]),
    ("sysctl", ["sysctl"]),
    ("units", ["pcsd", "enable"]),
    ("host_auth", ["password", "auth", "trusted"]),
    ("haproxy_config", ["haproxy"]),
]


@pytest.mark.parametrize(("field", "steps"), FIELDS)
def test_what_is_missing_on_one_node_is_done_there_and_nothing_else(field: str, steps: list[str]) -> None:
    lacking = replace(finished("n1"), **{field: getattr(bare("n1"), field)})
    decision = decide(REQUEST, snapshot(lacking, finished("n2")))
    left = set(ids(decision)) - {"serving"}
    assert set(steps) <= left
    assert left <= {*steps, "leftover", "haproxy", "enable"}
    assert isinstance(decision, Plan)
    for step in decision.steps:
        if step.id == field:
            assert [lane.node.name for lane in step.lanes] == ["n1"]


def test_a_setup_that_stopped_after_creating_the_cluster_goes_on_from_there() -> None:
    created = snapshot(*(replace(finished(n), cib=Known(NotRunning("x")), cmap=Known(NotRunning("x")), status=Known(NotRunning("x")),
                                 disk_cib=Known(NotRunning("x")), addresses=held(ADDRESS[n]), units=units(pcsd=True)) for n in NAMES))  # fmt: skip
    assert ids(decide(REQUEST, created)) == ["seed", "start", "enable", "draft", "configure", "serving"]


def test_a_seed_that_only_some_nodes_got_is_given_to_the_others_too() -> None:
    nothing = Known(NotRunning("x"))
    stopped: dict[str, Any] = {"cib": nothing, "cmap": nothing, "status": nothing, "units": units(pcsd=True)}
    seed = Cib(0, 1, 0, "", "", "", "seed", properties={"dc-deadtime": configuration.SEED_DEADTIME})
    half = snapshot(
        replace(finished("n1"), **stopped, addresses=held(ADDRESS["n1"]), disk_cib=Known(seed)),
        replace(finished("n2"), **stopped, addresses=held(ADDRESS["n2"]), disk_cib=Known(NotRunning("x"))),
    )
    decision = decide(REQUEST, half)
    assert ids(decision) == ["seed", "start", "enable", "draft", "configure", "serving"]
    assert isinstance(decision, Plan)
    assert [lane.node.name for lane in decision.steps[0].lanes] == ["n2"]


def test_a_seed_is_the_nodes_own_empty_configuration_and_moved_into_place_whole() -> None:
    decision = decide(REQUEST, BARE)
    assert isinstance(decision, Plan)
    (lane, _) = next(step for step in decision.steps if step.id == "seed").lanes
    (command,) = lane.commands
    assert command.argv[-3::2] == ("/var/lib/pacemaker/cib/cib.xml", "hacluster:haclient")
    assert "cibadmin --empty" in command.argv[2]
    assert command.argv[2].endswith('mv "$1.new" "$1"')


def test_a_seed_is_never_put_where_a_configuration_is() -> None:
    stopped = snapshot(
        *(
            replace(
                finished(n),
                cib=Known(NotRunning("x")),
                cmap=Known(NotRunning("x")),
                status=Known(NotRunning("x")),
                addresses=held(ADDRESS[n]),
            )
            for n in NAMES
        )
    )
    assert ids(decide(REQUEST, stopped)) == ["start", "serving"]


def test_a_running_cluster_without_its_resources_gets_them_and_loses_the_short_election() -> None:
    empty = replace(
        complete_cib(),
        properties={"dc-deadtime": configuration.SEED_DEADTIME},
        primitives=(),
        clones=(),
        orders=(),
        colocations=(),
        locations=(),
    )
    decision = decide(
        REQUEST, snapshot(*(replace(finished(n), cib=Known(empty), addresses=held(ADDRESS[n])) for n in NAMES))
    )
    assert ids(decision) == ["draft", "configure", "serving"]
    assert isinstance(decision, Plan)
    drafted = [c.shown() for c in decision.steps[0].lanes[0].commands]
    assert "cibadmin --query" in drafted[0]
    assert any("--name dc-deadtime --delete" in line for line in drafted)


def test_where_one_node_has_the_cluster_the_other_gets_it_from_there() -> None:
    half = snapshot(finished("n1"), replace(finished("n2"), conf=Known(NoConf()), addresses=held("10.0.0.2")))
    decision = decide(REQUEST, half)
    assert isinstance(decision, Plan)
    create = next(step for step in decision.steps if step.id == "create")
    assert [(lane.node.name, c.argv) for lane in create.lanes for c in lane.commands] == [
        ("n1", ("pcs", "cluster", "sync"))
    ]


def test_the_packages_one_node_cluster_is_named_and_removed_before_the_nodes_trust_each_other() -> None:
    leftover = CorosyncConf("debian", (ConfNode("node1", 1, ("127.0.0.1",)),), False, "knet", None, "d")
    fresh = snapshot(
        *(
            replace(
                bare(n),
                conf=Known(leftover),
                packages=finished(n).packages,
                cib=Known(replace(complete_cib(), primitives=())),
            )
            for n in NAMES
        )
    )
    decision = decide(REQUEST, fresh)
    assert ids(decision)[:3] == ["sysctl", "leftover", "pcsd"]
    assert isinstance(decision, Plan)
    assert "leftover" in next(step for step in decision.steps if step.id == "auth").after
    assert sum("`debian`" in risk.text for risk in decision.risks) == 2


def test_a_debian_cluster_that_carries_something_is_not_a_leftover() -> None:
    used = CorosyncConf("debian", (ConfNode("node1", 1, ("127.0.0.1",)),), False, "knet", None, "d")
    decision = decide(REQUEST, both(conf=Known(used), cib=Known(complete_cib())))
    assert "called `debian`" in reasons(decision)


def test_a_running_haproxy_is_handed_over_without_being_stopped() -> None:
    running = snapshot(*(replace(finished(n), units=units(pcsd=True, boot=True, haproxy=True)) for n in NAMES))
    decision = decide(REQUEST, running)
    assert isinstance(decision, Plan)
    argvs = [c.argv for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert [argv[3:] for argv in argvs] == [
        ("disable", "--no-reload", "haproxy"),
        ("enable", "corosync", "pacemaker", "pcsd"),
    ] * 2


@pytest.mark.parametrize(("ruby", "started"), [(True, ("pcsd", "pcsd-ruby")), (False, ("pcsd",))])
def test_both_halves_of_pcsd_are_started_where_there_are_two(ruby: bool, started: tuple[str, ...]) -> None:  # noqa: FBT001
    stopped = snapshot(*(replace(finished(n), units=units(boot=True, ruby=ruby)) for n in NAMES))
    decision = decide(REQUEST, stopped)
    assert isinstance(decision, Plan)
    step = next(step for step in decision.steps if step.id == "pcsd")
    assert [c.argv for lane in step.lanes for c in lane.commands] == [("systemctl", "start", *started)] * 2


def test_a_half_of_pcsd_that_did_not_come_back_is_started_too() -> None:
    lonely = units(pcsd=True, boot=True, ruby=True).value
    half = Units({**lonely.units, "pcsd-ruby": replace(lonely.unit("pcsd-ruby"), active=False)})
    decision = decide(REQUEST, snapshot(*(replace(finished(n), units=Known(half)) for n in NAMES)))
    assert ids(decision) == ["pcsd", "serving"]


def test_a_given_haproxy_configuration_that_was_put_there_and_not_loaded_is_loaded() -> None:
    digest = hashlib.sha256(FILES["haproxy.cfg"].encode()).hexdigest()
    given = Known(replace(OWN_PROXY_CONFIG, digest=digest))
    cut = snapshot(
        *(replace(finished(n), units=units(pcsd=True, boot=True, haproxy=True), haproxy_config=given) for n in NAMES)
    )
    decision = decide(REQUEST, cut)
    assert isinstance(decision, Plan)
    load, hand_over = decision.steps[:2]
    assert [c.argv[-2] for c in load.lanes[0].commands] == ["reset-failed", "try-reload-or-restart"]
    assert [c.argv[-3] for c in hand_over.lanes[0].commands[:1]] == ["disable"]
    assert load.id in hand_over.after, "once it is handed over, nobody would know that it has to be loaded"
    assert not any("is kept" in risk.text for risk in decision.risks)


def test_an_own_haproxy_configuration_is_never_written_over() -> None:
    decision = decide(REQUEST, snapshot(*(replace(bare(n), haproxy_config=Known(OWN_PROXY_CONFIG)) for n in NAMES)))
    assert isinstance(decision, Plan)
    shown = [c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands]
    assert not any("haproxy.cfg" in line for line in shown)
    assert any("is kept" in risk.text for risk in decision.risks)


def test_an_active_firewall_is_opened_for_the_cluster_and_for_what_haproxy_binds() -> None:
    decision = decide(REQUEST, both(firewall=Known(Firewall(active=True, services=frozenset({"ssh"})))))
    assert isinstance(decision, Plan)
    shown = [
        c.shown() for step in decision.steps if step.id == "firewall" for lane in step.lanes for c in lane.commands
    ]
    assert shown[:3] == [
        "firewall-cmd --permanent --add-service=high-availability",
        "firewall-cmd --permanent --add-port=80/tcp",
        "firewall-cmd --reload",
    ]


# ---------------------------------------------------------------- reasons not to


def test_a_change_that_outlived_its_bot_is_waited_for() -> None:
    still = snapshot(bare("n1"), replace(bare("n2"), under_way=Known(("pcs cluster destroy",))))
    assert "n2: `pcs cluster destroy` of an earlier request still runs there" in reasons(decide(REQUEST, still))


def unreachable(name: str) -> NodeSnapshot:
    error = Unreachable("no answer within 5 s", node=name, remedy="Is it on?")
    fields = {f: Unknown(str(error), error) for f in NodeSnapshot.__slots__ if f != "node"}
    return NodeSnapshot(REQUEST.cluster.node(name), **fields)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clock": Known(Clock(1003.5))}, "3.5 s apart"),
        ({"resolution": Known(Resolution({"n1": ("127.0.1.1",), "n2": ("127.0.1.1",)}))}, "resolves to 127.0.1.1"),
        ({"conf": Known(replace(CONF, cluster_name="other"))}, "called `other`"),
        ({"conf": Known(replace(CONF, nodes=CONF.nodes[:1]))}, "of this name with other nodes"),
        ({"vips_in_use": Known(InUse({"10.0.0.10": "aa:bb:cc:dd:ee:ff"}))}, "10.0.0.10 is in use: aa:bb"),
        ({"addresses": held("192.168.1.1")}, "none of its interfaces is in 10.0.0.0/24"),
        ({"addresses": held("10.0.0.2", "10.0.0.10")}, "holds 10.0.0.10 on eth0 already"),
        ({"peer_ports": Known(Reach({("n1", 2224): "filtered"}))}, "cannot reach port 2224 of n1"),
        ({"packages": Known(Packages({"pcs": "0.9.1"}))}, "pcs 0.9 is too old"),
        ({"os": Known(OperatingSystem("arch", "", "Arch Linux", None, None))}, "Arch Linux is not one"),
        ({"os": Known(OperatingSystem("ol", "7.9", "Oracle Linux Server 7.9", "dnf", 7))}, "Linux Server 7.9 is too old"),
        ({"os": Known(OperatingSystem("debian", "13", "Debian 13", "apt", 13))}, "releases differ"),
        ({"haproxy_config": Known(replace(OWN_PROXY_CONFIG, valid=False, problems="line 3"))}, "not valid: line 3"),
        ({"haproxy_config": Known(replace(OWN_PROXY_CONFIG, binds=(Bind("127.0.0.1", 80),)))}, "no `bind` that others can reach"),
    ],
)  # fmt: skip
def test_a_reason_is_named_with_its_node_and_its_remedy(changed: dict[str, Any], words: str) -> None:
    assert words in reasons(decide(REQUEST, snapshot(bare("n1"), replace(bare("n2"), **changed))))


def test_a_slow_answer_is_not_a_wrong_clock() -> None:
    late = replace(bare("n2"), clock=Known(Clock(1003.5, took=4.0, heard=3.6)))
    assert isinstance(decide(REQUEST, snapshot(bare("n1"), late)), Plan)
    wrong = replace(bare("n2"), clock=Known(Clock(1003.5, took=0.1, heard=0.1)))
    assert "3.4 s apart" in reasons(decide(REQUEST, snapshot(bare("n1"), wrong)))


def test_differing_releases_are_named_side_by_side() -> None:
    old = replace(bare("n1"), packages=Known(Packages({"pcs": "0.10.8-1"})))
    new = replace(bare("n2"), packages=Known(Packages({"pcs": "1:0.11.5-1"})))
    assert "pcs differs between the nodes: 0.10 on n1, 0.11 on n2" in reasons(decide(REQUEST, snapshot(old, new)))


def test_that_nobody_could_ask_is_not_that_an_address_is_free() -> None:
    mute = Known(InUse({"10.0.0.11": None}, frozenset({"10.0.0.10"})))
    assert "no node could ask its subnet whether anybody has 10.0.0.10" in reasons(
        decide(REQUEST, both(vips_in_use=mute))
    )
    heard = replace(bare("n2"), vips_in_use=Known(InUse({"10.0.0.10": None, "10.0.0.11": None})))
    assert isinstance(decide(REQUEST, snapshot(replace(bare("n1"), vips_in_use=mute), heard)), Plan)


def test_all_reasons_come_in_one_answer() -> None:
    bad = replace(
        bare("n2"),
        clock=Known(Clock(1010.0)),
        conf=Known(replace(CONF, cluster_name="other")),
        addresses=held("192.168.1.1"),
    )
    decision = decide(REQUEST, snapshot(unreachable("n1"), bad))
    assert isinstance(decision, Refusal)
    told = reasons(decision)
    assert "n1: no answer within 5 s" in told
    assert "called `other`" in told
    assert "none of its interfaces" in told


def test_without_a_configuration_for_haproxy_it_is_asked_for() -> None:
    without = requested(WORDS.replace(" --haproxy-cfg haproxy.cfg", ""))
    assert "--haproxy-cfg FILE" in str(decide(without, BARE))


def test_a_resource_that_is_in_the_way_is_named() -> None:
    other = replace(complete_cib(), primitives=(Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.9.9.9"}),))
    blocked = snapshot(*(replace(finished(n), cib=Known(other)) for n in NAMES))
    assert "`vip1` is there already, with the address 10.9.9.9" in reasons(decide(REQUEST, blocked))


def test_fencing_that_is_there_is_not_switched_off_in_passing() -> None:
    whole = complete_cib()
    devices = (*whole.primitives, Primitive("ipmi", "stonith", "", "fence_ipmilan"))
    fenced = replace(whole, primitives=devices, properties={"stonith-enabled": "true"})
    running = snapshot(*(replace(finished(n), cib=Known(fenced)) for n in NAMES))
    assert "is fenced (ipmi)" in reasons(decide(REQUEST, running))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (WORDS.replace(" --vip 10.0.0.11/24", ""), "`vip2` (10.0.0.11) is there and not asked for"),
        (WORDS.replace("10.0.0.10/24", "10.0.0.10/16"), "`vip1` has the prefix /24, not /16"),
        (WORDS.replace("10.0.0.10/24", "10.0.0.10/24@eth0"), "`vip1` is on the interface of its subnet, not eth0"),
        (f"{WORDS} --failover automatic --accept-split-brain", "`vip1` has a gate"),
    ],
)
def test_what_is_there_and_different_is_never_called_done(words: str, why: str) -> None:
    whole = complete_cib()
    gate = (
        Expression("expression", "#uname", "ne", "n1"),
        Expression("expression", "hacluster-vip1", "not_defined", ""),
    )
    running = replace(
        whole,
        primitives=(
            *whole.primitives[:1],
            Primitive("vip1", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.10", "cidr_netmask": "24"}),
            Primitive("vip2", "ocf", "heartbeat", "IPaddr2", {"ip": "10.0.0.11", "cidr_netmask": "24"}),
        ),
        locations=(Location("l", "vip1", rules=(Rule("gate-vip1", -1_000_000, "and", gate),)),),
    )
    asked = requested(words)
    nodes = tuple(replace(finished(n), cib=Known(running)) for n in NAMES)
    assert why in reasons(decide(asked, Snapshot(asked.cluster, nodes)))


def test_an_address_of_another_cluster_is_refused_even_while_it_answers_nobody() -> None:
    other = REQUEST.cluster.model_copy(update={"name": "db"})
    desk = Desk({"db": Declared(other, "slack")}, NoNodes(), file=_named("file", FILES), secret=_named("secret", {}))
    words = WORDS.replace("10.0.0.1 ", "10.0.0.3 ").replace("10.0.0.2 ", "10.0.0.4 ")
    with pytest.raises(UsageError, match=r"10\.0\.0\.10 and 10\.0\.0\.11 belong to the cluster `db`"):
        parse(parse_words(tokens(words), OPTIONS, USAGE), desk)


def test_a_peer_that_is_down_is_not_blamed_on_the_network() -> None:
    lonely = replace(bare("n1"), peer_ports=Known(Reach({("n2", 2224): "filtered"})))
    told = reasons(decide(REQUEST, snapshot(lonely, unreachable("n2"))))
    assert "no answer within 5 s" in told
    assert "drops the packets" not in told


def test_a_key_that_nobody_trusts_is_a_reason_that_shows_its_fingerprint() -> None:
    error = HostKeyUnknown(
        "its host key is not trusted yet: SHA256:abc",
        node="n1",
        address="10.0.0.1",
        port=22,
        key="k",
        fingerprint="SHA256:abc",
    )
    fields = {f: Unknown(str(error), error) for f in NodeSnapshot.__slots__ if f != "node"}
    shut = NodeSnapshot(REQUEST.cluster.node("n1"), **fields)
    assert "SHA256:abc" in reasons(decide(REQUEST, snapshot(shut, bare("n2"))))


MAYBE = st.booleans()


@given(
    st.lists(st.sampled_from([f for f in NodeSnapshot.__slots__ if f not in {"node", "vip_ports"}]), unique=True),
    MAYBE,
    MAYBE,
)
def test_whatever_cannot_be_read_is_a_reason_and_never_a_plan(unread: list[str], done: bool, second: bool) -> None:  # noqa: FBT001 - hypothesis hands them in
    node = finished("n2") if done else bare("n2")
    shaken = replace(node, **dict[str, Any](dict.fromkeys(unread, Unknown("n2: broken"))))
    other = finished("n1") if done else bare("n1")
    decision = decide(REQUEST, snapshot(other, shaken) if second else snapshot(shaken, other))
    # whom pcs may command is read on the first node only
    needed = set(unread) - {"haproxy", "links", "quorum", "pcs_version", "host_auth", "node_addresses_in_use"}
    assert isinstance(decision, Refusal) is bool(needed)


def test_whom_pcs_may_command_is_asked_where_the_commands_will_run() -> None:
    blind = Unknown("n1: broken")
    assert "broken" in reasons(decide(REQUEST, snapshot(replace(finished("n1"), host_auth=blind), finished("n2"))))
    other = decide(REQUEST, snapshot(finished("n1"), replace(finished("n2"), host_auth=NOT_ASKED)))
    assert isinstance(other, Plan)
    assert other.steps == ()


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "say which cluster"),
        ("web n1=10.0.0.1 --fencing none", "at least two nodes"),
        ("web n1=10.0.0.1 n2=10.0.0.2", "say how a lost node is fenced"),
        ("web n1=10.0.0.1 n2=10.0.0.999 --vip 10.0.0.10 --fencing none", "10.0.0.999.*needs its prefix"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --failover automatic", "split brain"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_ipmilan --fence-option password=x", "looks like a secret"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_ipmilan --fence-option password=secret:none", "no secret called"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing fence_x --fence-option nX:ip=10.0.9.9", "nX has options"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing rm -rf", "no option `-rf`"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing rm", "fence agent"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --haproxy-cfg ../../etc/passwd", "plain file name"),
        ("web n1=10.0.0.1 n2=10.0.0.2 --fencing none --haproxy-cfg local.cfg", "no `bind` that others can reach"),
        ("we;b n1=10.0.0.1 n2=10.0.0.2 --fencing none", "cluster name"),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_words(words: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        requested(words)


@pytest.mark.parametrize(("debian", "package"), [(12, "fence-agents"), (13, "fence-agents-ipmilan")])
def test_a_cluster_that_fences_gets_its_agent_and_no_other_where_that_can_be_had(debian: int, package: str) -> None:
    words = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing fence_ipmilan"
    where = Known(OperatingSystem("debian", str(debian), f"Debian {debian}", "apt", debian))
    decision = decide(requested(words), snapshot(*(replace(node, os=where) for node in BARE.nodes)))
    assert isinstance(decision, Plan)
    install = next(step for step in decision.steps if step.id == "packages").lanes[0].commands[-1]
    assert [word for word in install.argv if word.startswith("fence-")] == [package]


def test_fencing_keeps_its_secret_out_of_sight_and_defaults_to_automatic_failover() -> None:
    words = "web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --haproxy-cfg haproxy.cfg --fencing fence_ipmilan --fence-option username=u --fence-option password=secret:ipmi --fence-option n1:ip=10.0.9.1 --fence-option n2:ip=10.0.9.2"
    asked = requested(words, {"ipmi": "canary'secret"})
    assert asked.cluster.failover == "automatic"
    nodes = (replace(node, packages=finished(node.node.name).packages) for node in BARE.nodes)
    decision = decide(asked, Snapshot(asked.cluster, tuple(nodes)))
    assert isinstance(decision, Plan)
    shown = "\n".join(c.shown() for step in decision.steps for lane in step.lanes for c in lane.commands)
    assert (
        "stonith create fence-n1 fence_ipmilan username=u password_script=/etc/hacluster/ipmi.sh ip=10.0.9.1 pcmk_delay_base=5s pcmk_host_list=n1"
        in shown
    )
    assert "canary" not in shown + repr(decision) + repr(asked)
    assert "--name stonith-enabled --update true" in shown
    assert 'id="gate-' not in "".join(
        c.stdin.text for step in decision.steps for lane in step.lanes for c in lane.commands if c.stdin
    )


@given(st.text(max_size=200))
def test_any_words_give_a_request_or_a_usage_error(text: str) -> None:
    try:
        made = requested(text)
    except UsageError as refused:
        told = str(refused)
    else:
        told = made.cluster.name
    assert 0 < len(told) < 1000
