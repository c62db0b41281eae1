"""Which Debian releases the lab boots, which packages a node has, and where they come from."""

from dataclasses import dataclass

from sandbox.lab.errors import LabError
from sandbox.lab.host import run

PUBLIC_MIRROR = "http://deb.debian.org/debian"

SYSTEM = ("systemd", "systemd-sysv", "dbus", "iproute2", "iputils-ping", "openssh-server", "sudo")
"""All that a bare node has beyond Debian's minimal base."""

CLUSTER = (
    *("pcs", "pacemaker", "pacemaker-cli-utils", "corosync", "resource-agents", "haproxy"),
    *("procps", "socat", "psmisc", "iputils-arping", "curl"),
)
"""What a ready node has besides, less the fence agents."""

ALL_FENCE_AGENTS = "fence-agents"


@dataclass(frozen=True, slots=True)
class Release:
    """One Debian release. Its pcs, pacemaker and corosync are those of one generation of Enterprise Linux."""

    number: int
    codename: str
    fence_agents: tuple[str, ...]
    """Installed on ready nodes. Debian 13's `fence-agents` pulls in 1.8 GB of cloud clients, so there only a few of its
    parts; all of it is in the repository that bare nodes install from."""
    more: tuple[str, ...] = ()
    """What else is in that repository, for tests to install."""

    @property
    def cluster_packages(self) -> tuple[str, ...]:
        """All packages asked for on a ready node."""
        return (*CLUSTER, *self.fence_agents)


RELEASES = {
    11: Release(11, "bullseye", (ALL_FENCE_AGENTS,)),
    12: Release(12, "bookworm", (ALL_FENCE_AGENTS,), more=("firewalld", "netbase")),
    13: Release(
        13, "trixie", ("fence-agents-common", "fence-agents-dummy", "fence-agents-ipmilan", "fence-agents-virsh")
    ),
}


def release(number: int) -> Release:
    """The release of that number, or `LabError`."""
    try:
        return RELEASES[number]
    except KeyError:
        raise LabError(f"the lab knows Debian {', '.join(map(str, RELEASES))}, not {number}") from None


def mirror() -> str:
    """The Debian mirror that this machine's own apt uses, else the public one."""
    listed = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"], check=False
    )
    for line in listed.splitlines():
        origin, label, uri = line.split("|", 2)
        if (origin, label) == ("Debian", "Debian"):
            return uri.rstrip("/")
    return PUBLIC_MIRROR
