"""A cluster that was set up already: HAProxy on every node, two floating IPs, each with a gate on its home node.

What `hacluster setup` leaves behind, put on the disks of bare servers, which are then started.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from sandbox.nodes import corosync_conf
from sandbox.nodes.machine import CIB_XML, COROSYNC_CONF, HAPROXY_CFG, KnownHost
from sandbox.nodes.world import World

HAPROXY = Path(__file__).parent.parent / "haproxy" / "haproxy.cfg"
_PACKAGES = ["corosync", "haproxy", "pacemaker", "pacemaker-cli-utils", "pcs", "resource-agents", "socat"]
_ENABLED = {"corosync": True, "pacemaker": True, "pcsd": True, "haproxy": False}

_CIB = """<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="10" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="false"/>
      </cluster_property_set>
    </crm_config>
    <nodes/>
    <resources>
      <clone id="haproxy-clone">
        <primitive id="haproxy" class="systemd" type="haproxy">
          <operations>
            <op id="haproxy-monitor-interval-5s" name="monitor" interval="5s" timeout="20s"/>
            <op id="haproxy-start-interval-0s" name="start" interval="0s" timeout="100s"/>
            <op id="haproxy-stop-interval-0s" name="stop" interval="0s" timeout="100s"/>
          </operations>
        </primitive>
        <meta_attributes id="haproxy-clone-meta_attributes">
          <nvpair id="haproxy-clone-meta_attributes-interleave" name="interleave" value="true"/>
        </meta_attributes>
      </clone>
{addresses}    </resources>
    <constraints>
{constraints}    </constraints>
    <rsc_defaults>
      <meta_attributes id="rsc_defaults-hacluster" score="1">
        <nvpair id="rsc_defaults-hacluster-stickiness" name="resource-stickiness" value="100"/>
      </meta_attributes>
    </rsc_defaults>
  </configuration>
  <status/>
</cib>
"""
_ADDRESS = """      <primitive id="{vip}" class="ocf" provider="heartbeat" type="IPaddr2">
        <instance_attributes id="{vip}-instance_attributes">
          <nvpair id="{vip}-instance_attributes-cidr_netmask" name="cidr_netmask" value="24"/>
          <nvpair id="{vip}-instance_attributes-ip" name="ip" value="{address}"/>
        </instance_attributes>
        <operations>
          <op id="{vip}-monitor-interval-5s" name="monitor" interval="5s" timeout="20s"/>
          <op id="{vip}-start-interval-0s" name="start" interval="0s" timeout="20s"/>
          <op id="{vip}-stop-interval-0s" name="stop" interval="0s" timeout="20s"/>
        </operations>
      </primitive>
"""
_CONSTRAINTS = """      <rsc_order id="order-haproxy-clone-{vip}-mandatory" first="haproxy-clone" first-action="start" then="{vip}" then-action="start"/>
      <rsc_colocation id="colocation-{vip}-haproxy-clone-INFINITY" rsc="{vip}" with-rsc="haproxy-clone" score="INFINITY"/>
      <rsc_location id="location-{vip}-gate" rsc="{vip}">
        <rule id="gate-{vip}" boolean-op="and" score="-INFINITY">
          <expression id="gate-{vip}-expr" attribute="#uname" operation="ne" value="{home}"/>
          <expression id="gate-{vip}-expr-1" attribute="hacluster-{vip}" operation="not_defined"/>
        </rule>
      </rsc_location>
      <rsc_location id="location-{vip}-away" rsc="{vip}">
        <rule id="away-{vip}" boolean-op="and" score="-INFINITY">
          <expression id="away-{vip}-expr" attribute="hacluster-{vip}" operation="eq" value="away"/>
        </rule>
      </rsc_location>
"""


def make_ready(world: World, name: str) -> None:
    """Make one cluster of all the machines of a world, with its floating IPs, and start it: soon it serves."""
    machines = tuple(world.machines.values())
    conf = corosync_conf.render(corosync_conf.new(name, ((machine.name, (machine.address,)) for machine in machines)))
    homes = [machines[number % len(machines)].name for number in range(len(world.vips))]
    vips = [
        {"vip": f"vip{number}", "address": address, "home": home}
        for number, (address, home) in enumerate(zip(world.vips, homes, strict=True), 1)
    ]
    cib = _CIB.format(
        addresses="".join(_ADDRESS.format_map(vip) for vip in vips),
        constraints="".join(_CONSTRAINTS.format_map(vip) for vip in vips),
    )
    haproxy = HAPROXY.read_text()
    tokens = {machine.name: secrets.token_hex(16) for machine in machines}
    for machine in machines:
        machine.install(_PACKAGES)
        machine.write(COROSYNC_CONF, conf)
        machine.write(CIB_XML, cib, "600", "hacluster:haclient")
        machine.write(HAPROXY_CFG, haproxy)
        machine.settings["net.ipv4.ip_nonlocal_bind"] = "1"
        machine.issued.add(tokens[machine.name])
        machine.hosts.update({peer.name: KnownHost(peer.address, tokens[peer.name]) for peer in machines})
        for unit, enabled in _ENABLED.items():
            machine.units[unit].enabled = enabled
        for unit in ("pcsd", "pacemaker"):
            world.start(machine, unit)
