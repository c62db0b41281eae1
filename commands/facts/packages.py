"""Which of the packages that matter are installed, and how to install those that are missing.

Debian's family answers through `dpkg-query`, Enterprise Linux through `rpm`; both are part of the base system.
Debian's names are the same in 11, 12 and 13. The repositories of Enterprise Linux follow each distribution's own
documentation; nothing was run there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from commands.command import Command, Completed
from commands.errors import HaclusterError, UnreadableOutput
from commands.facts import fence_agents
from commands.facts.fact import Fact
from commands.facts.host import Family, OperatingSystem
from commands.facts.tagged import tagged

CLUSTER_PACKAGES: Final[Mapping[Family, tuple[str, ...]]] = {
    "apt": ("corosync", "haproxy", "pacemaker", "pacemaker-cli-utils", "pcs", "resource-agents", "socat"),
    "dnf": ("corosync", "haproxy", "pacemaker", "pcs", "resource-agents", "socat"),
}
"""What a node needs, fencing aside. Debian has `crm_simulate` and `crm_verify` in a package of their own. `socat` asks
HAProxy's runtime socket."""

_LOOKED_FOR: Final = (
    "corosync",
    "fence-agents",
    *fence_agents.APART,
    "fence-agents-all",
    "firewalld",
    "haproxy",
    "pacemaker",
    "pacemaker-cli",
    "pacemaker-cli-utils",
    "pcs",
    "resource-agents",
    "resource-agents-base",
    "socat",
)
_APT_FAILED = 100
_DOWNLOADING = 900.0
"""Seconds that an install may take: some 200 packages, over a slow line."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Installed versions by package name, as the node's package manager writes them; one not installed is left out."""

    versions: Mapping[str, str]

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the names that are not installed."""
        return tuple(name for name in names if name not in self.versions)


# Each of the two may be there beside the other (rpm on Debian, dpkg on Fedora) and then knows of no package. One that
# was removed with its configuration kept is known to dpkg, but not as "installed". Exit statuses count the missing.
_INSTALLED = """
if command -v dpkg-query >/dev/null 2>&1; then
    dpkg-query --show --showformat='${db:Status-Status} ${Package} ${Version}\\n' "$@" 2>/dev/null
    asked=yes
fi
if command -v rpm >/dev/null 2>&1; then
    rpm --query --queryformat 'installed %{NAME} %{VERSION}-%{RELEASE}\\n' "$@" 2>/dev/null
    asked=yes
fi
[ "${asked-}" ] || { echo 'neither dpkg-query nor rpm is here' >&2; exit 1; }
echo end
"""


def parse(done: Completed) -> Packages:
    """Read one line per package: its state, name and version. rpm says of others that they are not installed."""
    versions: dict[str, str] = {}
    for state, rest in tagged("dpkg-query or rpm", done.stdout):
        if state != "installed":
            continue
        name, _, version = rest.partition(" ")
        if not name or not version:
            raise UnreadableOutput("dpkg-query or rpm", "an installed package without a version", rest)
        versions[name] = version
    return Packages(versions)


FACT: Fact[Packages] = Fact(Command(("sh", "-c", _INSTALLED, "sh", *_LOOKED_FOR), root=False), parse)


def install_commands(system: OperatingSystem, names: Iterable[str]) -> tuple[Command, ...]:
    """Return the commands that install these packages, repository first. Raises `HaclusterError` where none is known.

    Services start as each distribution has it: Debian starts corosync and pacemaker as a one-node cluster named
    `debian`, which is left to whoever makes the cluster. Keeping it from starting would take a policy for all packages
    of the server, and its `corosync.conf` has to go in any case.

    An install goes on when the connection that asked for it is lost; asking again waits for it to end.
    """
    wanted = tuple(sorted(names))
    if system.family == "apt":
        return _with_apt(wanted)
    if system.family == "dnf":
        return (*_with_repository(system), _dnf("install", *wanted))
    raise HaclusterError(
        f"we do not know how to install packages on {system.pretty}",
        remedy=f"Install {', '.join(wanted)} by hand, then run the same request again.",
    )


def _with_apt(names: tuple[str, ...]) -> tuple[Command, ...]:
    # configuration files that somebody has put there or changed stay as they are, without a question
    keep = ("--force-confdef", "--force-confold")
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive")
    # dpkg's lock may be held by an unattended upgrade, or by an install that outlived its connection: wait for it
    apt = (*quiet, "apt-get", "--quiet", "--option=DPkg::Lock::Timeout=600")
    kept = tuple(f"--option=Dpkg::Options::={word}" for word in keep)
    return (
        # 100 is a list that could not be fetched or is being fetched already; whether it matters the install will say
        Command((*apt, "update"), timeout=300.0, legal=frozenset({0, _APT_FAILED}), changes=True),
        # apt refuses to work after dpkg was cut off by a power loss. Where dpkg is at work it says so and ends.
        Command((*quiet, "dpkg", *keep, "--configure", "--pending"), 300.0, legal=frozenset({0, 1, 2}), changes=True),
        Command((*apt, "--yes", "--no-install-recommends", *kept, "install", *names), _DOWNLOADING, changes=True),
    )


def _dnf(*words: str, timeout: float = _DOWNLOADING) -> Command:
    return Command(("dnf", "--assumeyes", *words), timeout=timeout, changes=True)


def _with_repository(system: OperatingSystem) -> tuple[Command, ...]:
    """Return what makes the high availability packages available: a repository that is there but off by default."""
    if system.id == "rhel":
        # The pattern stands for the machine's architecture (rhel-9-for-x86_64-highavailability-rpms): "Wild cards * and
        # ? are supported", subscription-manager(8), REPOS OPTIONS.
        pattern = f"rhel-{system.major}-for-*-highavailability-rpms"
        enable = ("subscription-manager", "repos", f"--enable={pattern}")
        return (Command(enable, timeout=180.0, changes=True),)
    repository = _repository(system)
    if repository is None:
        return ()
    return (
        # `config-manager` is a plug-in that minimal installations lack
        _dnf("install", "dnf-plugins-core", timeout=300.0),
        Command(("dnf", "config-manager", "--set-enabled", repository), timeout=60.0, changes=True),
    )


def _repository(system: OperatingSystem) -> str | None:
    if system.id == "ol":
        return f"ol{system.major}_addons"
    if system.id in ("centos", "almalinux", "rocky"):
        return "ha" if system.major == 8 else "highavailability"  # noqa: PLR2004 (the release that renamed it came after 8)
    return None  # Fedora has the packages in its main repository
