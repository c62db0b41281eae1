"""What a bare server says of itself, on three generations of Debian, and on Enterprise Linux as its documentation has it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import host
from commands.facts.host import Addresses, Clock, InterfaceAddress, OperatingSystem, Resolution

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


@GENERATIONS
def test_a_node_that_holds_a_vip_says_on_which_interface(recorded: Recorded, debian: int) -> None:
    holder = host.parse_addresses(recorded(f"hosts/debian{debian}/healthy/addresses.n1"))
    other = host.parse_addresses(recorded(f"hosts/debian{debian}/healthy/addresses.n2"))
    own, vip = (held for held in holder.interfaces[1].addresses if "." in held.address)

    assert (own.secondary, vip.secondary) == (False, True)
    assert (holder.holds(vip.address), other.holds(vip.address)) == ("eth0", None)
    assert holder.holds("127.0.0.1") == "lo"


@GENERATIONS
def test_the_interface_of_a_subnet(recorded: Recorded, debian: int) -> None:
    addresses = host.parse_addresses(recorded(f"hosts/debian{debian}/bare/addresses.n1"))
    own = next(held for held in addresses.interfaces[1].addresses if "." in held.address)

    assert addresses.interface_for(f"{own.address}/{own.prefix}") == "eth0"
    assert addresses.interface_for("198.51.100.0/24") is None
    assert addresses.interface_for("2001:db8::/64") is None


def interface(name: str, flags: list[str], *held: tuple[str, int]) -> dict[str, object]:
    listed = [{"family": "inet6" if ":" in a else "inet", "local": a, "prefixlen": p} for a, p in held]
    return {"ifname": name, "flags": flags, "addr_info": listed}


UP = ["UP", "LOWER_UP"]


def addresses_of(said: Said, *interfaces: object) -> Addresses:
    return host.ADDRESSES.parse(said(host.ADDRESSES, json.dumps(interfaces)))


def test_an_interface_that_is_off_or_unplugged_serves_no_subnet(said: Said) -> None:
    unplugged = interface("eth0", ["UP", "NO-CARRIER"], ("10.0.0.1", 24))
    off = interface("eth1", [], ("10.0.0.2", 24))
    plugged = interface("eth2", UP, ("10.0.0.3", 24))

    assert addresses_of(said, unplugged, off).interface_for("10.0.0.0/24") is None
    assert addresses_of(said, unplugged, off, plugged).interface_for("10.0.0.0/24") == "eth2"
    assert addresses_of(said, unplugged).holds("10.0.0.1") == "eth0"


def test_addresses_are_compared_as_addresses_not_as_text(said: Said) -> None:
    addresses = addresses_of(said, interface("eth0", UP, ("2001:db8:0:0::5", 64)))

    assert addresses.holds("2001:DB8::5") == "eth0"
    assert addresses.interfaces[0].addresses == (InterfaceAddress("2001:db8::5", 64, secondary=False),)


def test_an_empty_object_is_what_older_iproute2_prints_for_nothing(said: Said) -> None:
    assert addresses_of(said, {}, interface("eth0", UP), {}).interfaces == (
        host.Interface("eth0", up=True, addresses=()),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        'Object "adress" is unknown',
        "{}x",
        "[1]",
        '[{"ifname": "eth0"}]',
        '[{"ifname": "eth0", "flags": [], "addr_info": [{"family": "inet", "local": "10.0.0.256", "prefixlen": 24}]}]',
        "[" * 100_000,
    ],
)
def test_no_addresses_are_made_up(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        host.ADDRESSES.parse(said(host.ADDRESSES, text))


@GENERATIONS
def test_a_clock(recorded: Recorded, debian: int) -> None:
    assert host.parse_clock(recorded(f"hosts/debian{debian}/bare/clock.n1")).epoch > 1_700_000_000


def test_a_clock_says_how_long_the_question_took() -> None:
    done = Completed("n1", host.CLOCK.command, 0, "1795423509.597795500\n", "", seconds=0.25)

    assert host.CLOCK.parse(done) == Clock(1795423509.5977955, took=0.25)


@pytest.mark.parametrize("text", ["", "now", "1795423509", "1795423509.%N", "١٧٩٥٤٢٣٥٠٩.5", "1e9.0"])
def test_no_clock_is_made_up(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        host.CLOCK.parse(said(host.CLOCK, text))


@GENERATIONS
def test_debian(recorded: Recorded, debian: int) -> None:
    system = host.parse_os(recorded(f"hosts/debian{debian}/bare/os.n1"))

    assert (system.id, system.family, system.major) == ("debian", "apt", debian)
    assert system.pretty.startswith(f"Debian GNU/Linux {debian} (")


# as the distributions' own files have them; not recorded
ORACLE_8 = """NAME="Oracle Linux Server"
VERSION="8.9"
ID="ol"
ID_LIKE="fedora"
VARIANT="Server"
VERSION_ID="8.9"
PLATFORM_ID="platform:el8"
PRETTY_NAME="Oracle Linux Server 8.9"
"""
ALMA_9 = """NAME="AlmaLinux"
ID="almalinux"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.3"
PRETTY_NAME="AlmaLinux 9.3 (Shamrock Pampas Cat)"
"""
RHEL_10 = 'ID="rhel"\nVERSION_ID="10.0"\nPRETTY_NAME="Red Hat Enterprise Linux 10.0 (Coughlan)"\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n'


@pytest.mark.parametrize(
    ("text", "system"),
    [
        (ORACLE_8, OperatingSystem("ol", "8.9", "Oracle Linux Server 8.9", "dnf", 8)),
        (ALMA_9, OperatingSystem("almalinux", "9.3", "AlmaLinux 9.3 (Shamrock Pampas Cat)", "dnf", 9)),
        (RHEL_10, OperatingSystem("rhel", "10.0", "Red Hat Enterprise Linux 10.0 (Coughlan)", "dnf", 10)),
        (UBUNTU, OperatingSystem("ubuntu", "24.04", "Ubuntu 24.04.1 LTS", "apt", 24)),
        ("ID=arch\n", OperatingSystem("arch", "", "arch", None, None)),
        ("# a comment = here\nID='debian'\nVERSION_ID=\n", OperatingSystem("debian", "", "debian", "apt", None)),
        (
            'ID=ol\nVERSION_ID="8beta"\nPRETTY_NAME="a \\"b\\" c"\n',
            OperatingSystem("ol", "8beta", 'a "b" c', "dnf", None),
        ),
    ],
)
def test_other_systems(said: Said, text: str, system: OperatingSystem) -> None:
    assert host.OS.parse(said(host.OS, text)) == system


@pytest.mark.parametrize("text", ["", "NAME=x\n", 'ID="debian\n', "ID=\n"])
def test_no_system_is_made_up(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        host.OS.parse(said(host.OS, text))


@GENERATIONS
def test_names_as_a_node_resolves_them(recorded: Recorded, debian: int) -> None:
    fact = host.resolution(("n1", "n2", "localhost", "nowhere.invalid"))
    found = fact.parse(recorded(f"hosts/debian{debian}/bare/resolution.n1"))

    assert [len(found.addresses[name]) for name in ("n1", "n2", "nowhere.invalid")] == [1, 1, 0]
    assert (found.loopback("n1"), found.loopback("nowhere.invalid")) == ((), ())
    assert "127.0.0.1" in found.loopback("localhost")


def test_a_name_that_means_the_node_itself(said: Said) -> None:
    fact = host.resolution(("n1", "n2"))
    found = fact.parse(said(fact, "at n1 127.0.1.1\nat n1 127.0.1.1\nat n2 10.0.0.2\nat n1 10.0.0.1\nat n2 ::1\nend\n"))

    assert found == Resolution({"n1": ("127.0.1.1", "10.0.0.1"), "n2": ("10.0.0.2", "::1")})
    assert (found.loopback("n1"), found.loopback("n2")) == (("127.0.1.1",), ("::1",))
    with pytest.raises(KeyError):
        found.loopback("n3")


@pytest.mark.parametrize(
    "text", ["", "at n1 10.0.0.1\n", "at n9 10.0.0.1\nend", "at n1 nonsense\nend", "end\nat n1 ::1"]
)
def test_no_resolution_is_made_up(said: Said, text: str) -> None:
    fact = host.resolution(("n1",))
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text))


@GENERATIONS
def test_kernel_settings(recorded: Recorded, debian: int) -> None:
    fact = host.sysctl(("net.ipv4.ip_nonlocal_bind", "net.ipv4.tcp_rmem", "net.ipv4.no_such_thing"))
    values = fact.parse(recorded(f"hosts/debian{debian}/bare/sysctl.n1"))

    assert values["net.ipv4.ip_nonlocal_bind"] == "0"
    assert len(values["net.ipv4.tcp_rmem"].split()) == 3
    assert "net.ipv4.no_such_thing" not in values


def test_a_kernel_setting_of_an_interface_whose_name_has_a_dot() -> None:
    fact = host.sysctl(("net.ipv4.conf.eth0/10.forwarding",))

    assert fact.command.argv[-1] == "/proc/sys/net/ipv4/conf/eth0.10/forwarding"


def test_as_many_answers_as_kernel_settings(said: Said) -> None:
    fact = host.sysctl(("a.b", "c.d"))
    for text in ("is 1\nend", "is 1\nis 2\nis 3\nend", "is 1\nwas 2\nend"):
        with pytest.raises(UnreadableOutput):
            fact.parse(said(fact, text))
