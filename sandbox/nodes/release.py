"""The three generations that simulated machines can be of, by Debian's release: versions, and how they show themselves.

Debian 11 has pcs 0.10 and Pacemaker 2.0, as Enterprise Linux 8 has it nearly; 12 has pcs 0.11 and Pacemaker 2.1 (as 9),
13 has pcs 0.12 and Pacemaker 3.0 (as 10). What differs besides the numbers is asked for by `pacemaker_2_0` and
`pacemaker_3`, where it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian. `versions` are its packages', `own` those that single agents' packages have."""

    debian: int
    codename: str
    versions: Mapping[str, str] = field(repr=False)
    pcs: str
    pacemaker: str
    """As the DC names its version."""
    api: str
    """The version of the tools' XML."""
    feature_set: str
    haproxy_dated: str
    starts_cluster: bool = True
    """Whether the packages' installation starts corosync and Pacemaker."""

    @property
    def pacemaker_2_0(self) -> bool:
        """Whether its Pacemaker is the oldest."""
        return self.api == "2.3"

    @property
    def pacemaker_3(self) -> bool:
        """Whether it is the newest."""
        return self.pacemaker.startswith("3.")

    def result(self, words: str) -> str:
        """Write how an operation ended: Pacemaker 3.0 has spellings of its own."""
        return _NEWER.get(words, words) if self.pacemaker_3 else words

    @property
    def os(self) -> str:
        """What /etc/os-release says."""
        return _OS.format(number=self.debian, name=self.codename)


_OS = """PRETTY_NAME="Debian GNU/Linux {number} ({name})"
NAME="Debian GNU/Linux"
VERSION_ID="{number}"
VERSION="{number} ({name})"
VERSION_CODENAME={name}
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
"""

_NEWER: Mapping[str, str] = {
    "ok": "OK",
    "not running": "Not running",
    "error": "Error occurred",
    "not configured": "Not configured",
    "not installed": "Not installed",
    "complete": "Done",
}

BULLSEYE = Release(
    11,
    "bullseye",
    {
        "corosync": "3.1.2-2",
        "pacemaker": "2.0.5-2",
        "pcs": "0.10.8-1+deb11u1",
        "resource-agents": "1:4.7.0-1",
        "fence-agents": "4.7.1-1",
        "haproxy": "2.2.9-2+deb11u6",
        "socat": "1.7.4.1-3",
    },
    pcs="0.10.8",
    pacemaker="2.0.5-ba59be7122",
    api="2.3",
    feature_set="3.6.1",
    haproxy_dated="2023/12/23",
)
BOOKWORM = Release(
    12,
    "bookworm",
    {
        "corosync": "3.1.7-1+deb12u1",
        "pacemaker": "2.1.5-1+deb12u1",
        "pcs": "0.11.5-1+deb12u1",
        "resource-agents": "1:4.12.0-2",
        "fence-agents": "4.12.1-1",
        "haproxy": "2.6.12-1+deb12u3",
        "socat": "1.7.4.4-2",
    },
    pcs="0.11.5",
    pacemaker="2.1.5-a3f44794f94",
    api="2.25",
    feature_set="3.16.1",
    haproxy_dated="2025/10/03",
)
TRIXIE = Release(
    13,
    "trixie",
    {
        "corosync": "3.1.9-2+deb13u1",
        "pacemaker": "3.0.0-2",
        "pcs": "0.12.0.2-1",
        "resource-agents": "1:4.16.0-3+deb13u2",
        "fence-agents": "4.16.0-3",
        "haproxy": "3.0.11-1+deb13u3",
        "socat": "1.8.0.3-1+deb13u1",
    },
    pcs="0.12.0.2",
    pacemaker="3.0.0-3.0.0",
    api="2.38",
    feature_set="3.20.0",
    haproxy_dated="2026/05/20",
    starts_cluster=False,
)
RELEASES: Mapping[int, Release] = {release.debian: release for release in (BULLSEYE, BOOKWORM, TRIXIE)}
