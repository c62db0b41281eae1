"""crm_attribute and crm_resource of Pacemaker 2.1.5.

Attributes of nodes, options of the cluster; moving a resource by a constraint, restarting it, forgetting its failures.
"""

from __future__ import annotations

from xml.etree.ElementTree import SubElement

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cib import Cib, set_pair
from sandbox.nodes.pacemaker import Pacemaker
from sandbox.nodes.tools.cib import FILE
from sandbox.nodes.tools.words import option

NO_SUCH, USAGE, NOT_CONNECTED, TIMED_OUT = 105, 64, 102, 124
_WAITS = 60.0


async def attribute(call: Call) -> Answer:
    """Set a transient attribute, or delete it; or set an option in the file that `CIB_file` names."""
    if FILE in call.environment:
        return await _in_file(call, call.environment[FILE])
    await call.takes(0.05)
    cluster = call.pacemaker
    if cluster is None:
        return Answer(
            status=NOT_CONNECTED, stderr="Could not connect to the CIB: Transport endpoint is not connected\n"
        )
    node, name = option(call.args, "-N", "--node"), option(call.args, "-n", "--name")
    value = option(call.args, "-v", "--update")
    deletes = "-D" in call.args or "--delete" in call.args
    if option(call.args, "-l", "--lifetime") != "reboot" or not node or not name or (value is None) is not deletes:
        return Answer(status=USAGE, stderr=f"crm_attribute: the model does not play {' '.join(call.args)}\n")
    if node not in cluster.pacemaker.cib.nodes():
        return Answer(status=NO_SUCH, stderr=f"Could not map name={node} to a UUID\n")
    cluster.pacemaker.set_attribute(node, name, value)
    node_id = cluster.conf.node(node).id
    words = f"Deleted nodes attribute: id=status-{node_id}-{name} name={name}\n" if deletes else ""
    return Answer(words)


async def _in_file(call: Call, path: str) -> Answer:
    """Set or delete an option of the cluster."""
    await call.takes(0.02)
    text = call.machine.read(path)
    name, value = option(call.args, "-n", "--name"), option(call.args, "-v", "--update")
    if text is None or name is None or option(call.args, "-t", "--type") != "crm_config":
        return Answer(status=USAGE, stderr=f"crm_attribute: the model does not play {' '.join(call.args)}\n")
    cib = Cib.parse(text)
    cib.set_property(name, value)
    cib.bump(configuration=True)
    call.machine.write(path, cib.text(), "600")
    return Answer()


async def resource(call: Call) -> Answer:
    """Move a resource, take that back, restart it, forget its failures; look anew, or wait until all is done."""
    await call.takes(0.05)
    cluster = call.pacemaker
    if cluster is None:
        return Answer(
            status=NOT_CONNECTED,
            stderr="crm_resource: Could not connect to the CIB: Transport endpoint is not connected\n",
        )
    pacemaker = cluster.pacemaker
    if "--wait" in call.args:
        return await _settled(call, pacemaker)
    name, node = option(call.args, "-r", "--resource"), option(call.args, "-N", "--node")
    if "--refresh" in call.args or "--cleanup" in call.args:
        return _looked_anew(call, pacemaker, name, node)
    if name is None or pacemaker.cib.find(name) is None:
        return Answer(status=NO_SUCH, stderr=f"crm_resource: Resource '{name}' not found\n")
    if "--restart" in call.args:
        return await _restarted(call, pacemaker, name, node)
    return _bound(call, pacemaker, name, node)


def _looked_anew(call: Call, pacemaker: Pacemaker, name: str | None, node: str | None) -> Answer:
    if "--refresh" in call.args:
        pacemaker.work.refresh(node)
    else:
        pacemaker.work.clean_up(name, node)
    return Answer("Waiting for 1 reply from the controller\n... got reply (done)\n")


def _bound(call: Call, pacemaker: Pacemaker, name: str, node: str | None) -> Answer:
    """Prefer a node for a resource, or take away what such moves and bans left."""
    if "--clear" not in call.args and "--move" not in call.args:
        return Answer(status=USAGE, stderr=f"crm_resource: the model does not play {' '.join(call.args)}\n")
    constraints = pacemaker.cib.section("constraints")
    bans = f"cli-ban-{name}-on-{node or ''}"
    left = [one for one in constraints if one.get("id") == f"cli-prefer-{name}" or one.get("id", "").startswith(bans)]
    for one in left:
        constraints.remove(one)
    if "--move" in call.args and node:
        prefer = {"id": f"cli-prefer-{name}", "rsc": name, "role": "Started", "node": node, "score": "INFINITY"}
        SubElement(constraints, "rsc_location", prefer)
    pacemaker.changed("root", "crm_resource", pacemaker.dc or "")
    return Answer()


async def _settled(call: Call, pacemaker: Pacemaker) -> Answer:
    """Wait until nothing more is to be done."""
    waited = 0.0
    while not pacemaker.settled:
        if waited > _WAITS:
            return Answer(status=TIMED_OUT, stderr="crm_resource: Timer expired\n")
        await call.takes(0.2)
        waited += 0.2
    return Answer()


async def _restarted(call: Call, pacemaker: Pacemaker, name: str, node: str | None) -> Answer:
    """Hold a resource down by its target role, or an instance by a ban, and let go of it again."""
    element, constraints = pacemaker.cib.find(name), pacemaker.cib.section("constraints")
    if element is None:
        return Answer(status=NO_SUCH)
    if node is not None:
        ban_id = f"cli-ban-{name}-on-{node}"
        values = {"id": ban_id, "rsc": name, "role": "Started", "node": node, "score": "-INFINITY"}
        ban = SubElement(constraints, "rsc_location", values)
    else:
        found = element.find("meta_attributes")
        held = SubElement(element, "meta_attributes", {"id": f"{name}-meta_attributes"}) if found is None else found
        set_pair(held, "target-role", "Stopped")
    pacemaker.changed("root", "crm_resource", pacemaker.dc or "")
    stopped = await _settled(call, pacemaker)
    if node is not None:
        constraints.remove(ban)
    else:
        set_pair(held, "target-role", None)
    pacemaker.changed("root", "crm_resource", pacemaker.dc or "")
    return await _settled(call, pacemaker) if stopped.status == 0 else stopped
