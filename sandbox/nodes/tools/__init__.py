"""The tools that simulated machines have, each with the package that brings it ("" for what every Debian has)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.nodes.call import Tool
from sandbox.nodes.tools import apt, cib, corosync, crm, crm_mon, fencing, files, haproxy, host, pcs, systemd

TOOLS: Mapping[str, tuple[str, Tool]] = {
    "apt-get": ("", apt.apt_get),
    "cat": ("", files.cat),
    "chpasswd": ("", host.chpasswd),
    "cibadmin": ("pacemaker-cli", cib.cibadmin),
    "corosync-cfgtool": ("corosync", corosync.cfgtool),
    "corosync-cmapctl": ("corosync", corosync.cmapctl),
    "corosync-quorumtool": ("corosync", corosync.quorumtool),
    "cp": ("", files.cp),
    "crm_attribute": ("pacemaker-cli", crm.attribute),
    "crm_mon": ("pacemaker-cli", crm_mon.crm_mon),
    "crm_resource": ("pacemaker-cli", crm.resource),
    "crm_verify": ("pacemaker-cli", cib.crm_verify),
    "date": ("", host.date),
    "dpkg": ("", apt.dpkg),
    "dpkg-query": ("", apt.dpkg_query),
    "find": ("", files.find),
    "getent": ("", host.getent),
    "haproxy": ("haproxy", haproxy.haproxy),
    "hostname": ("", host.hostname),
    "id": ("", host.user_id),
    "install": ("", files.install),
    "ip": ("", host.ip),
    "killall": ("", host.kill_all),
    "mv": ("", files.mv),
    "pcs": ("pcs", pcs.pcs),
    "pkill": ("", host.kill_all),
    "rm": ("", files.rm),
    "stonith_admin": ("pacemaker-cli", fencing.stonith_admin),
    "sysctl": ("", host.sysctl),
    "systemctl": ("", systemd.systemctl),
    "true": ("", host.true),
}
