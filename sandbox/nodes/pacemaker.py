"""Pacemaker of one side of a cluster: its DC, its configuration, and who is in.

While all nodes see each other there is one side. A cut makes two of it, each with a DC and a configuration of its own;
when it is healed the side with the newer configuration takes the other one's nodes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.nodes import cib_status
from sandbox.nodes import pacemaker_words as words
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.cib import Cib, empty
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import CIB_XML, Machine
from sandbox.nodes.membership import Membership
from sandbox.nodes.work import Work

ELECTION = 1.0
"""Seconds until the first DC; the real default waits 20 (`dc-deadtime`)."""
RE_ELECTION = 0.4
JOINING = 0.6
"""Seconds from the start of a node's daemon until the DC takes it in."""
FENCING = 2.0


@dataclass(frozen=True, slots=True)
class Fencing:
    """A node that was fenced: how, who ordered it where, who did it (`a human` where somebody vouched), and when."""

    action: str
    target: str
    client: str
    origin: str
    delegate: str
    at: float


class Pacemaker:
    """The daemons of one side and what they share. Node names are those of corosync's node list.

    `fence` switches a node off and on again.
    """

    def __init__(
        self,
        conf: Conf,
        membership: Membership,
        machines: Mapping[str, Machine],
        agenda: Agenda,
        fence: Callable[[str], None],
    ) -> None:
        self.conf = conf
        self.cib = Cib.parse(empty())
        self.dc: str | None = None
        self.controllers: list[str] = []
        self.online: set[str] = set()
        self.expected: set[str] = set()
        self.unclean: set[str] = set()
        self.transient: dict[str, dict[str, str]] = {}
        self.fencings: list[Fencing] = []
        self.work = Work(self, machines, agenda)
        self.changed_at = agenda.now
        self.changed_by = ("hacluster", "crmd", "")
        self._membership = membership
        self._machines = machines
        self._agenda = agenda
        self._fence = fence
        self._electing = False
        self._cut_off: set[str] = set()
        self._untouched: set[str] = set()
        self._had_quorum: dict[str, bool] = {}

    # Daemons

    def start(self, name: str) -> None:
        """Start the daemon of a node: it brings the configuration on its disk along, and the newest one counts."""
        if name in self.controllers:
            return
        if not self.controllers:
            for memory in (self.expected, self.unclean, self.transient):
                memory.clear()
            self.work.forget()
        disk = self._machines[name].read(CIB_XML)
        found = Cib.parse(empty(self._machines[name].release.feature_set) if disk is None else disk)
        if not self.controllers or found.version > self.cib.version:
            self.cib = found
        self.controllers.append(name)
        self._agenda.after(JOINING, self.welcome)
        self._save()

    def stop(self, name: str) -> None:
        """Stop the daemon of a node in order: what runs there is stopped first."""
        if name not in self.controllers:
            return
        words.stopping(self._agenda, self._machines[name])
        self.work.clear(name)
        self._save()
        self.expected.discard(name)
        self._leave(name)

    def vanish(self, name: str) -> None:
        """Let the daemon of a node be gone while its machine goes on: what it started runs on, and nobody looks."""
        if name in self.controllers:
            self.work.drop(name)
            self._leave(name)

    def lose(self, name: str) -> None:
        """Note that a node left the membership without a word."""
        if name not in self.controllers:
            return
        known_to_be_off = name in self._cut_off
        self._cut_off.discard(name)
        due = self._fences and not known_to_be_off
        if due:
            self.unclean.add(name)
        else:
            self._drop(name)
        if known_to_be_off:
            self.expected.discard(name)
        self._leave(name)
        if due and self.dc_machine is not None:
            words.unclean(self._agenda, self.dc_machine, name)
        if due and self.has_device:
            self._agenda.after(FENCING, lambda: self._fenced(name))

    def fork(self, names: Iterable[str]) -> Pacemaker:
        """Return the side of these nodes, which no longer hear the others; this one loses them."""
        other = Pacemaker(self.conf, self._membership, self._machines, self._agenda, self._fence)
        gone, kept = list(names), [name for name in self.controllers if name not in set(names)]
        other.cib = self.cib.copy()
        other.dc = self.dc
        other.controllers = list(self.controllers)
        other.online, other.expected, other.unclean = set(self.online), set(self.expected), set(self.unclean)
        other.transient = {name: dict(held) for name, held in self.transient.items()}
        other.fencings = list(self.fencings)
        other.changed_at, other.changed_by = self.changed_at, self.changed_by
        other._had_quorum = dict(self._had_quorum)
        other.work.take_over(self.work)
        for name in gone:
            self.lose(name)
        for name in kept:
            other.lose(name)
        return other

    def absorb(self, other: Pacemaker) -> None:
        """Take in the nodes of another side that can be heard again."""
        if other.cib.version > self.cib.version:
            self.cib, self.changed_at, self.changed_by = other.cib, other.changed_at, other.changed_by
        for name in other.controllers:
            if name not in self.controllers:
                self.controllers.append(name)
                self.transient[name] = other.transient.get(name, {})
                self._had_quorum[name] = other._had_quorum.get(name, False)
        other.controllers, other.dc = [], None
        self._save()
        self._agenda.after(JOINING, self.welcome)

    def machine(self, name: str) -> Machine:
        """Return a node's machine; of one that was never there, what it would be like: nodes are of one release."""
        return self._machines.get(name) or next(iter(self._machines.values()))

    @property
    def dc_machine(self) -> Machine | None:
        """The machine of the DC."""
        return None if self.dc is None else self._machines[self.dc]

    @property
    def _fences(self) -> bool:
        return self.cib.properties().get("stonith-enabled", "true") == "true"

    @property
    def has_device(self) -> bool:
        """Whether there is a fencing device."""
        return any(resource.cls == "stonith" for resource in self.cib.resources())

    def _fenced(self, name: str) -> None:
        if name not in self.unclean or self.dc is None or self.dc not in self._membership.views or not self.quorate:
            return
        self._fence(name)
        self._note(Fencing("reboot", name, "pacemaker-controld.608", self.dc, self.dc, self._agenda.now))
        self.expected.discard(name)
        self._drop(name)
        self.look()

    def _note(self, fencing: Fencing) -> None:
        self.fencings.append(fencing)
        for witness in self._witnesses():
            words.fenced(self._agenda, witness, fencing.target, fencing.delegate)

    def order_fencing(self, name: str, origin: str, *, off: bool) -> Machine:
        """Note that somebody has a node's power cut, and return its machine: its loss is then no surprise."""
        self._cut_off.add(name)
        self._note(Fencing("off" if off else "reboot", name, "stonith_admin.2020", origin, origin, self._agenda.now))
        return self._machines[name]

    def confirm_down(self, name: str, origin: str) -> None:
        """Take a node for off, as somebody vouches for it."""
        self._note(Fencing("off", name, "stonith_admin.2078", origin, "a human", self._agenda.now))
        if name not in self.online:
            self.expected.discard(name)
            self._drop(name)
            self.look()

    def _drop(self, name: str) -> None:
        self.unclean.discard(name)
        self.work.drop(name)

    def _leave(self, name: str) -> None:
        self.controllers.remove(name)
        self._had_quorum.pop(name, None)
        self.online.discard(name)
        self.transient.pop(name, None)
        for witness in self._witnesses():
            words.lost(self._agenda, witness, name, was_dc=self.dc == name)
        if self.dc == name:
            self.dc = None
        self.welcome()

    def _witnesses(self) -> list[Machine]:
        return [self._machines[name] for name in self.controllers]

    def welcome(self) -> None:
        """Take in whoever is there, and see that there is a DC to do so."""
        if self.dc is None:
            if self.controllers and not self._electing:
                self._electing = True
                self._agenda.after(RE_ELECTION if self.online else ELECTION, self._elect)
            return
        for name in self.controllers:
            if name in self._membership.members(self.dc) and name not in self.online:
                self._drop(name)
                self.online.add(name)
                self.expected.add(name)
                self.transient.setdefault(name, {})
                self.work.probe(name)
                for witness in self._witnesses():
                    words.joined(self._agenda, witness, name)
                if name not in self.cib.nodes():
                    self.cib.section("nodes").append(cib_status.node(self.conf.node(name).id, name))
                    self.changed("hacluster", "crmd", self.dc)
        self.look()

    def _elect(self) -> None:
        self._electing = False
        if self.dc is not None or not self.controllers:
            return
        self.dc = next((name for name in self.controllers if name in self.online), self.controllers[0])
        words.elected(self._agenda, self._machines[self.dc])
        properties = {
            "have-watchdog": "false",
            "dc-version": self._machines[self.dc].release.pacemaker,
            "cluster-infrastructure": "corosync",
            "cluster-name": self.conf.name,
        }
        if properties.items() - self.cib.properties().items():
            for name, value in properties.items():
                self.cib.set_property(name, value)
            self.changed("hacluster", "crmd", self.dc)
        self.welcome()

    # Configuration

    def changed(self, user: str, client: str, origin: str) -> None:
        """Count a change of the configuration, and act on it."""
        self.cib.bump(configuration=True)
        self.changed_at, self.changed_by = self._agenda.now, (user, client, origin)
        self._save()
        self._take_hands_off()
        if self.dc_machine is not None:
            words.changed(self._agenda, self.dc_machine, self.work.transition)
        self.look()

    def _take_hands_off(self) -> None:
        """Keep hands off more or fewer nodes than before. Where they are put on again, all is checked: nobody looked."""
        untouched = set(self.online) if self.maintained else set(self.resting)
        for name in self._untouched - untouched:
            self.work.suspect(name)
        self._untouched = untouched

    def _save(self) -> None:
        text = self.cib.text()
        for name in self.controllers:
            self._machines[name].write(CIB_XML, text, "600", "hacluster:haclient")

    def set_attribute(self, node: str, name: str, value: str | None) -> None:
        """Set a transient attribute of a node, or take it away with None."""
        held = self.transient.setdefault(node, {})
        before = held.get(name)
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
        for witness in self._witnesses():
            words.attribute(self._agenda, witness, node, name, before, value)
        self.cib.bump(configuration=False)
        self.look()

    def attributes(self) -> dict[str, dict[str, str]]:
        """Return what every node carries, for good and for now."""
        return {
            name: {**self.cib.node_attributes(name), **self.transient.get(name, {})}
            for name in (node.name for node in self.conf.nodes)
        }

    # What it knows when it decides

    @property
    def quorate(self) -> bool:
        """Whether the DC's partition has quorum."""
        return self.dc is not None and self._membership.quorate(self.dc)

    @property
    def maintained(self) -> bool:
        """Whether it keeps its hands off everything."""
        return self.cib.properties().get("maintenance-mode") == "true"

    @property
    def frozen(self) -> bool:
        """Whether nothing may be done: no DC, maintenance, or fencing that is due or cannot be."""
        fences = self._fences and not self.has_device
        return self.dc not in self._membership.views or bool(self.unclean) or fences or self.maintained

    def able(self) -> list[str]:
        """Return the nodes that may run something, in the order of the node list."""
        if not self.quorate:
            return []
        standby = {name for name, held in self.attributes().items() if held.get("standby") == "on"}
        return [node.name for node in self.conf.nodes if node.name in self.online - standby]

    @property
    def resting(self) -> frozenset[str]:
        """The nodes that it keeps its hands off."""
        return frozenset(name for name, held in self.attributes().items() if held.get("maintenance") == "on")

    @property
    def settled(self) -> bool:
        """Whether everything is where it is to be."""
        return self.dc is not None and self.work.done

    def look(self) -> None:
        """Have the DC compare what is with what should be, in a moment."""
        for name in self.controllers if self.dc else ():
            quorate = self._membership.quorate(name)
            if self._had_quorum.get(name, quorate) != quorate:
                words.quorum(self._agenda, self._machines[name], regained=quorate)
            self._had_quorum[name] = quorate
        self.work.look()
