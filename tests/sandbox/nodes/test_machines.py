"""What simulated machines do, asked as a login shell is asked, by a clock that is turned by hand."""

from __future__ import annotations

import asyncio
import json
import shlex

import pytest

from sandbox.nodes import shell
from sandbox.nodes.call import Answer, PoweredOff
from sandbox.nodes.cib import Cib
from sandbox.nodes.clock import HandClock
from sandbox.nodes.membership import LOSS
from sandbox.nodes.world import World

PACKAGES = "corosync haproxy pacemaker pacemaker-cli-utils pcs resource-agents socat"
AGE = 10.0
VIP = "ocf:heartbeat:IPaddr2 cidr_netmask=24 ip="


class Servers:
    """Machines, and somebody who types."""

    def __init__(self, *names: str) -> None:
        self.clock = HandClock()
        self.world = World(names, self.clock)

    async def type(self, name: str, line: str, stdin: str = "") -> Answer:
        """Type a line on a machine."""
        self.world.settle()
        machine = self.world.machines[name]
        meant = shell.understand(self.world, machine, line)
        return meant if isinstance(meant, Answer) else await shell.run(self.world, machine, meant, stdin)

    async def do(self, name: str, *lines: str, stdin: str = "") -> Answer:
        """Type lines that must do what they say."""
        for line in lines:
            answer = await self.type(name, line, stdin)
            assert answer.status == 0, (line, answer)
        return answer

    def wait(self, seconds: float = AGE) -> None:
        """Let time pass."""
        self.clock.turn(seconds)
        self.world.settle()

    @property
    def hosts(self) -> str:
        return " ".join(f"{name} addr={machine.address}" for name, machine in self.world.machines.items())

    async def install(self) -> None:
        """Install packages everywhere, and clear away what they start."""
        for name in self.world.machines:
            await self.do(name, f"apt-get install {PACKAGES}", "pcs cluster destroy")
            await self.do(name, "chpasswd", stdin="hacluster:secret\n")

    async def cluster(self, *more: str) -> None:
        """Make a cluster of them all, with HAProxy and two floating IPs that may run anywhere."""
        await self.install()
        await self.do("n1", f"pcs host auth -u hacluster -- {self.hosts}", stdin="secret\n")
        await self.do(
            "n1", f"pcs cluster setup web {self.hosts}", "pcs cluster enable --all", "pcs cluster start --all"
        )
        self.wait()
        await self.do(
            "n1",
            "pcs property set stonith-enabled=false",
            "pcs resource defaults update resource-stickiness=100",
            "pcs resource create haproxy systemd:haproxy op monitor interval=5s",
            "pcs resource clone haproxy",
            f"pcs resource create vip1 {VIP}10.77.0.101 op monitor interval=5s",
            f"pcs resource create vip2 {VIP}10.77.0.102 op monitor interval=5s",
            "pcs constraint colocation add vip1 with haproxy-clone score=INFINITY",
            "pcs constraint colocation add vip2 with haproxy-clone score=INFINITY",
            "pcs constraint colocation add vip2 with vip1 score=-1000",
            *more,
        )
        self.wait()

    def where(self) -> dict[str, list[str]]:
        """Return who holds which floating IPs."""
        return {name: machine.floating for name, machine in self.world.machines.items()}


@pytest.fixture
def servers() -> Servers:
    return Servers("n1", "n2")


async def test_an_unknown_command_is_said_to_be_one_and_counted(servers: Servers) -> None:
    answer = await servers.type("n1", "exec env LC_ALL=C timeout -k 5 20 fdisk -l")

    assert answer.status == 127
    assert "fdisk -l" in answer.stderr
    assert len(servers.world.unknown_commands) == 1
    assert (await servers.type("n1", "sh -c 'echo new' sh")).status == 127
    assert len(servers.world.unknown_commands) == 2


async def test_a_tool_that_is_not_installed_is_not_found_and_not_unknown(servers: Servers) -> None:
    assert (await servers.type("n1", "timeout -k 5 20 pcs --version")).status == 127
    assert servers.world.unknown_commands == []


@pytest.mark.parametrize("line", ["true", "exec env -u http_proxy A=1 timeout -k 5 20 setsid sudo -n -- true"])
async def test_what_surrounds_a_command_does_not_change_it(servers: Servers, line: str) -> None:
    assert await servers.type("n1", line) == Answer()


async def test_a_loss_is_noticed_after_a_while_and_floating_ips_that_may_move_do(servers: Servers) -> None:
    await servers.cluster()
    assert servers.where() == {"n1": ["10.77.0.101"], "n2": ["10.77.0.102"]}

    servers.world.power_off("n2")
    servers.wait(LOSS - 0.5)
    assert (
        "runtime.members.2.status (str) = joined"
        in (await servers.do("n1", "corosync-cmapctl runtime.members.")).stdout
    )
    assert "disconnected" in (await servers.do("n1", "corosync-cfgtool -s")).stdout
    servers.wait(1.0)

    assert (
        "runtime.members.2.status (str) = left" in (await servers.do("n1", "corosync-cmapctl runtime.members.")).stdout
    )
    assert servers.where() == {"n1": ["10.77.0.101", "10.77.0.102"], "n2": []}


async def test_a_node_that_starts_alone_after_both_were_down_has_no_quorum_and_starts_nothing(servers: Servers) -> None:
    await servers.cluster()
    servers.world.power_off("n1")
    servers.world.power_off("n2")
    servers.wait()

    servers.world.power_on("n1")
    servers.wait()

    counted = await servers.type("n1", "corosync-quorumtool -s -p")
    assert counted.status == 2
    assert "Activity blocked" in counted.stdout
    assert servers.where() == {"n1": [], "n2": []}

    servers.world.power_on("n2")
    servers.wait()
    assert sorted(address for held in servers.where().values() for address in held) == ["10.77.0.101", "10.77.0.102"]


async def test_one_of_three_is_no_majority() -> None:
    servers = Servers("n1", "n2", "n3")
    await servers.cluster()
    servers.world.power_off("n2")
    servers.wait()
    assert (await servers.do("n1", "corosync-quorumtool -s -p")).status == 0

    servers.world.power_off("n3")
    servers.wait()

    assert (await servers.type("n1", "corosync-quorumtool -s -p")).status == 2
    assert servers.where()["n1"] == []
    assert 'with_quorum="false"' in (await servers.do("n1", "crm_mon --output-as=xml")).stdout


async def test_with_fencing_but_no_device_a_lost_node_s_address_goes_nowhere(servers: Servers) -> None:
    await servers.cluster()
    await servers.do("n1", "pcs property set stonith-enabled=true")
    servers.wait()
    servers.world.power_off("n2")
    servers.wait()

    assert 'unclean="true"' in (await servers.do("n1", "crm_mon --output-as=xml")).stdout
    assert servers.where() == {"n1": ["10.77.0.101"], "n2": []}


async def test_a_fenced_node_s_address_moves(servers: Servers) -> None:
    await servers.cluster("pcs stonith create fence-all fence_dummy pcmk_host_list=n1,n2")
    await servers.do("n1", "pcs property set stonith-enabled=true")
    servers.wait()
    servers.world.power_off("n2")
    servers.wait()

    assert servers.where()["n1"] == ["10.77.0.101", "10.77.0.102"]


async def test_a_move_binds_until_its_constraint_is_cleared(servers: Servers) -> None:
    await servers.cluster()

    await servers.do("n1", "crm_resource --resource vip1 --move --node n2", "crm_resource --wait --timeout=60")
    assert servers.where() == {"n1": ["10.77.0.102"], "n2": ["10.77.0.101"]}
    assert "cli-prefer-vip1" in (await servers.do("n1", "cibadmin --query")).stdout

    await servers.do("n1", "crm_resource --resource vip1 --clear")
    servers.wait()
    assert "cli-prefer-vip1" not in (await servers.do("n2", "cibadmin --query")).stdout
    assert servers.where() == {"n1": ["10.77.0.102"], "n2": ["10.77.0.101"]}


async def test_host_auth_wants_the_password_and_keeps_no_token_where_another_cluster_is_configured(
    servers: Servers,
) -> None:
    await servers.install()
    wrong = await servers.type("n1", f"pcs host auth -u hacluster -- {servers.hosts}", "nonsense\n")
    assert wrong.status == 1
    assert "Username and/or password is incorrect" in wrong.stderr
    assert "nonsense" not in wrong.stdout + wrong.stderr

    servers.world.machines["n1"].install(["corosync"])
    servers.world.machines["n1"].write(
        "/etc/corosync/corosync.conf",
        "totem {\ncluster_name: x\n}\nnodelist {\nnode {\nname: other\nnodeid: 1\nring0_addr: 127.0.0.1\n}\n}\n",
    )
    said = await servers.do("n1", f"pcs host auth -u hacluster -- {servers.hosts}", stdin="secret\n")
    assert "Authorized" in said.stderr
    assert (await servers.type("n1", "pcs status pcsd n1 n2")).status == 2


async def test_a_cluster_is_not_set_up_over_another_one(servers: Servers) -> None:
    await servers.cluster()

    refused = await servers.type("n1", f"pcs cluster setup other {servers.hosts}")

    assert refused.status == 1
    assert "already in a cluster" in refused.stderr
    assert "cluster_name: web" in (await servers.do("n1", "cat /etc/corosync/corosync.conf")).stdout


async def test_a_resource_is_cloned_when_it_is_made_or_later_alike(servers: Servers) -> None:
    await servers.cluster("pcs cluster cib /run/a", "cp /run/a /run/b")
    await servers.do("n1", "pcs -f /run/a resource create w systemd:w op monitor interval=5s clone")
    await servers.do("n1", "pcs -f /run/b resource create w systemd:w op monitor interval=5s")
    await servers.do("n1", "pcs -f /run/b resource clone w")
    for path in ("/run/a", "/run/b"):
        await servers.do("n1", f"pcs -f {path} resource meta w-clone interleave=true")

    made = [
        (await servers.do("n1", f"cat {path}")).stdout.partition("<configuration>")[2] for path in ("/run/a", "/run/b")
    ]

    assert made[0] == made[1]
    assert '<clone id="w-clone">' in made[0]


async def test_a_push_changes_what_differs_and_leaves_the_rest(servers: Servers) -> None:
    await servers.cluster("pcs cluster cib /run/o", "cp /run/o /run/w")
    await servers.do(
        "n1", "pcs -f /run/w property set maintenance-mode=true", "pcs -f /run/w property unset stonith-enabled"
    )
    await servers.do("n2", "pcs resource defaults update resource-stickiness=7")

    await servers.do("n1", "pcs cluster cib-push /run/w diff-against=/run/o")

    live = Cib.parse((await servers.do("n2", "cibadmin --query")).stdout)
    assert live.properties()["maintenance-mode"] == "true"
    assert "stonith-enabled" not in live.properties()
    assert live.stickiness() == 7, "changed meanwhile, and not in the difference"


async def test_power_that_goes_under_a_command_leaves_it_undone(servers: Servers) -> None:
    machine = servers.world.machines["n1"]
    running = asyncio.create_task(servers.type("n1", f"apt-get install {PACKAGES}"))
    await asyncio.sleep(0)
    servers.world.power_off("n1")

    with pytest.raises(PoweredOff):
        await running

    assert machine.packages == {}


async def test_what_is_in_memory_goes_with_the_power(servers: Servers) -> None:
    await servers.cluster()
    await servers.do("n2", "install -D -m 644 /dev/stdin /etc/s.conf", stdin="net.ipv4.ip_nonlocal_bind = 1\n")
    await servers.do("n2", "sysctl -q -p /etc/s.conf", "crm_attribute -l reboot -N n2 -n note -v yes")
    boot = (await servers.do("n2", "cat /proc/sys/kernel/random/boot_id")).stdout

    servers.world.power_off("n2")
    servers.wait()
    servers.world.power_on("n2")
    servers.wait()

    assert servers.world.machines["n2"].settings["net.ipv4.ip_nonlocal_bind"] == "0"
    assert "note" not in (await servers.do("n2", "cibadmin --query")).stdout
    assert (await servers.do("n2", "cat /proc/sys/kernel/random/boot_id")).stdout != boot
    assert "runtime.members.2.join_count (u32) = 2" in (await servers.do("n1", "corosync-cmapctl")).stdout


async def test_haproxy_refuses_a_configuration_that_is_none(servers: Servers) -> None:
    await servers.install()
    await servers.do("n1", "install -m 644 /dev/stdin /etc/haproxy/haproxy.cfg", stdin="bind *:80\n")

    assert "out of section" in (await servers.type("n1", "haproxy -c -q -f /etc/haproxy/haproxy.cfg")).stderr
    assert (await servers.type("n1", "systemctl restart haproxy")).status == 1


async def test_addresses_are_printed_as_iproute_does(servers: Servers) -> None:
    await servers.cluster()

    loopback, card = json.loads((await servers.do("n1", shlex.join(["ip", "-j", "address", "show"]))).stdout)

    assert loopback["ifname"] == "lo"
    assert [(one["local"], one.get("secondary")) for one in card["addr_info"]] == [
        ("10.77.0.11", None),
        ("10.77.0.101", True),
    ]
