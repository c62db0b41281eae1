"""Which fence agents there are, which packages bring them, and which a node has.

Enterprise Linux, and Debian up to 12, have all agents in one package. Debian 13 has one for each, named after it but
for a few; its `fence-agents` is the sum of them, and brings near 2 GB of clients for other people's clouds. The names
are those of Debian's fence-agents 4.16.0-3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.host import Family, OperatingSystem

_ALL: Final[Mapping[Family, str]] = {"apt": "fence-agents", "dnf": "fence-agents-all"}
_COMMON: Final = "fence-agents-common"
_FIRST_APART: Final = 13
_NAMED_ALIKE: Final = frozenset(
    """
    aliyun alom amt apc apc_snmp aws azure_arm bladecenter brocade cdu cisco_mds cisco_ucs compute crosslink
    cyberpower_ssh docker drac drac5 dummy eaton_snmp eaton_ssh ecloud emerson eps gce hds_cb heuristics_ping hpblade
    ibm_powervs ibm_vpc ibmblade ibmz ifmib ilo2 ilo_moonshot ilo_mp ilo_ssh intelmodular ipdu ipmilan ironic kdump
    kubevirt ldom lpar mpath netio nutanix_ahv openstack ovh ovm powerman pve raritan raritan_px3 rcd_serial redfish
    rhevm rsa rsb sanbox2 scsi skalar vbox virsh vmware vmware_rest vmware_soap vmware_vcloud wti xenapi
    """.split()  # noqa: SIM905 - one a line, they would bury what is done with them
)
_ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("idrac", "ilo3", "ilo4", "ilo5", "imm", "ipmilanplus"), "fence-agents-ipmilan"),
    **dict.fromkeys(("ilo3_ssh", "ilo4_ssh", "ilo5_ssh"), "fence-agents-ilo-ssh"),
    **dict.fromkeys(("virt", "xvm"), "fence-virt"),
    "epsr2": "fence-agents-eps",
    "evacuate": "fence-agents-compute",
    "ilo": "fence-agents-ilo2",
    "lindypdu": "fence-agents-lindy-pdu",
    "tripplite_snmp": "fence-agents-apc-snmp",
}
_OF_OTHERS: Final = ("amt_ws", "sbd", "watchdog", "zvm", "zvmip")
"""What Enterprise Linux, older Debian and Pacemaker itself bring besides."""
AGENTS: Final = frozenset(f"fence_{name}" for name in (*_NAMED_ALIKE, *_ELSEWHERE, *_OF_OTHERS))
"""Every agent that a package is known to bring. Others are put on the nodes by hand."""
APART: Final = ("fence-agents-*", "fence-virt")
"""The packages of single agents, as patterns that dpkg-query takes."""


def package_of(agent: str, system: OperatingSystem) -> str:
    """Return the package to install for an agent, as `fence_ipmilan`, on a system whose family is known.

    One that no package of Debian 13 brings was put there by hand, and gets what agents have in common.
    """
    if system.family is None:
        raise ValueError(f"no packages are known for {system.pretty}")
    if system.id != "debian" or (system.major or 0) < _FIRST_APART:
        return _ALL[system.family]
    name = agent.removeprefix("fence_")
    return f"fence-agents-{name.replace('_', '-')}" if name in _NAMED_ALIKE else _ELSEWHERE.get(name, _COMMON)


def parse(done: Completed) -> frozenset[str]:
    """Read the names of programs, one a line."""
    names = done.stdout.split()
    strange = next((name for name in names if not name.startswith("fence_")), None)
    if strange is not None:
        raise UnreadableOutput("find", "not the name of a fence agent", strange)
    return frozenset(names)


FACT: Fact[frozenset[str]] = Fact(
    Command(("find", "/usr/sbin", "-maxdepth", "1", "-name", "fence_*", "-printf", r"%f\n"), root=False), parse
)
