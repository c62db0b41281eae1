"""What a `setup` asks for: read from the words typed, or from the modal's fields, and checked as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from commands.checks.phrases import does
from commands.errors import NotGiven, UsageError
from commands.facts.haproxy_config import binds_of, ports_at
from commands.verbs.verb import Desk
from commands.verbs.words import Option, Words
from config.inventory import ClusterName, ClusterSpec, FencingSpec, FileName, VipSpec, parse_node

T = TypeVar("T")
_NAME = TypeAdapter[str](ClusterName)
_FILE = TypeAdapter[str](FileName)

PASSWORD = "hacluster_password"  # noqa: S105 (the name of it)
"""The secret that pcs' own user gets as its password, where somebody wants to know it."""

USAGE = "setup NAME NODE=ADDRESS NODE=ADDRESS [--vip ADDRESS/PREFIX]… --fencing none|AGENT"
_FORM = f"Usage: `/hacluster {USAGE}`"
EXAMPLE = "setup web n1=10.0.0.1 n2=10.0.0.2 --vip 10.0.0.10/24 --vip 10.0.0.11/24 --fencing none"

OPTIONS = (
    Option("vip", "a floating IP with its prefix, on a named interface or where its subnet is", "ADDRESS/PREFIX[@NIC]", repeats=True),
    Option("fencing", "how a lost node is cut from power: a fence agent, or `none`", "none|AGENT"),
    Option("fence-option", "an option of the agent, for one node or for all; `secret:NAME` for what is secret", "[NODE:]KEY=VALUE", repeats=True),
    Option("failover", "who moves a floating IP of a lost node", "approved|automatic", choices=("approved", "automatic")),
    Option("accept-split-brain", "automatic failover without fencing: both halves of a cut network may serve"),
    Option("haproxy-cfg", "a file of the bot's configuration folder, put where HAProxy has no configuration of its own", "FILE"),
    Option("new-password", "set a new `hacluster` password even where the nodes already trust each other"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """A cluster as it should become. Secrets are never shown."""

    cluster: ClusterSpec
    new_password: bool = False
    haproxy_cfg: str | None = field(default=None, repr=False)
    """The text to put where HAProxy has no configuration."""
    password: str = field(default="", repr=False)
    fencing_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    known: ClusterSpec | None = None
    """What the bot knows under this name already."""


def parse(words: Words, desk: Desk) -> SetupRequest:
    """Make a request of words. Raises `UsageError` with everything that is wrong, each with the right form."""
    if not words.positional:
        raise UsageError("say which cluster to set up", remedy=f"For example: `/hacluster {EXAMPLE}`")
    name, *nodes = words.positional
    declared, faults = desk.clusters.get(name), _Faults()
    as_known = declared is not None and not nodes and not words.options.keys() & _SHAPE
    cluster = declared.spec if declared and as_known else _spec(name, nodes, words, faults)
    if declared and declared.source == "file" and not faults.found and cluster != declared.spec:
        faults.keep("name", _differs(name))
    for error in _shared(cluster, desk):
        faults.keep("vips", error)
    unread = bool(faults.fields & {"fencing", "fence_options"})
    accepted = words.flag("accept-split-brain") or cluster.cuts_power or unread
    if cluster.failover == "automatic" and not accepted:
        faults.keep("failover", _split_brain(cluster.fencing))
    request = SetupRequest(
        cluster,
        new_password=words.flag("new-password"),
        haproxy_cfg=faults.collect("haproxy_cfg", partial(_haproxy_cfg, cluster, desk)),
        password=faults.collect("new_password", partial(hacluster_password, desk)) or "",
        fencing_secrets=_fencing_secrets(cluster, desk, faults),
        known=declared.spec if declared else None,
    )
    if faults.found:
        raise faults.error()
    return request


def _differs(name: str) -> UsageError:
    return UsageError(
        f"`{name}` is declared in the bot's configuration file, and differently",
        remedy=f"Type `/hacluster setup {name}`, change the file, or choose another name.",
    )


def _split_brain(fencing: FencingSpec | None) -> UsageError:
    why = (
        "automatic failover without fencing ends in a split brain: when the network between the nodes is cut, each of "
        "them takes all floating IPs"
    )
    if fencing is not None:
        why = (
            f"automatic failover takes power fencing, and {fencing.agent} switches no node off: the floating IPs of a lost "
            "node stay down, or a cut network puts them on both sides"
        )
    return UsageError(
        why,
        remedy="Leave out `--failover automatic` (failover then waits for a person), give `--fencing AGENT` with one that "
        "cuts power, or add `--accept-split-brain`.",
        fields={
            "failover": "Without power fencing, a cut network then puts all floating IPs on both sides: choose another, "
            "or accept it below."
        },
    )


def _shared(cluster: ClusterSpec, desk: Desk) -> Iterator[UsageError]:
    """A floating IP of another cluster that waits at its gate answers nobody, so the network alone does not tell."""
    mine = _addresses(cluster)
    for name, known in sorted(desk.clusters.items()):
        shared = mine.keys() & _addresses(known.spec).keys() if name != cluster.name else set()
        if shared:
            whose = f"the cluster `{name}`" if desk.role(name) else "another cluster"
            belong = does(sorted(shared), "belongs", "belong")
            yield UsageError(f"{belong} to {whose}", remedy="Choose another address.").about(mine[min(shared)])


def _addresses(cluster: ClusterSpec) -> dict[str, str]:
    """Return each address of a cluster with the field of the form that it is filled into."""
    nodes = {str(address): "nodes" for node in cluster.nodes for address in node.addresses}
    return nodes | {str(vip.address): "vips" for vip in cluster.vips}


_SHAPE = frozenset({"vip", "fencing", "fence-option", "failover", "haproxy-cfg"})


class _Faults:
    """All that is wrong with a request, each with what to do and the field of the form that it is about."""

    def __init__(self) -> None:
        self.found: list[UsageError] = []

    @property
    def fields(self) -> AbstractSet[str]:
        """The fields that something is wrong with."""
        return {each for error in self.found for each in error.fields}

    def add(self, field_id: str, sentence: str) -> None:
        """Keep what is wrong with the form of the words."""
        self.found.append(UsageError(sentence, remedy=_FORM, fields={field_id: sentence}))

    def keep(self, field_id: str, error: UsageError) -> None:
        """Keep an error, at the field that it names itself, else at this one."""
        self.found.append(error if error.fields else error.about(field_id))

    def collect(self, field_id: str, make: Callable[[], T]) -> T | None:
        """Return what is made, or None with the reasons kept."""
        try:
            return make()
        except UsageError as error:
            self.keep(field_id, error)
        except ValidationError as error:
            for sentence in sentences(error):
                self.add(field_id, sentence)
        except ValueError as error:
            self.add(field_id, str(error))
        return None

    def error(self) -> UsageError:
        """Return all of it as one error."""
        told = "; ".join(dict.fromkeys(map(str, self.found)))
        # the form of the words last: it has no full stop
        remedies = sorted(
            dict.fromkeys(error.remedy for error in self.found if error.remedy), key=lambda remedy: remedy == _FORM
        )
        at = {each: [error.fields[each] for error in self.found if each in error.fields] for each in self.fields}
        return UsageError(told, remedy=" ".join(remedies), fields={each: "; ".join(why) for each, why in at.items()})


def _spec(name: str, nodes: Iterable[str], words: Words, faults: _Faults) -> ClusterSpec:
    """Return the cluster that the words say, or where they are wrong, what is right of it: more may be wrong with that."""
    faults.collect("name", lambda: _NAME.validate_python(name))
    found = [faults.collect("nodes", partial(parse_node, text)) for text in nodes]
    floating = [faults.collect("vips", partial(VipSpec.parse, text)) for text in words.all("vip")]
    if len(found) < 2:  # noqa: PLR2004 - fewer are no cluster
        faults.add("nodes", "a cluster needs at least two nodes, each as NAME=ADDRESS")
    fencing = _fencing(words, {node.name for node in found if node}, faults)
    haproxy_cfg, failover = words.one("haproxy-cfg"), words.one("failover")
    if haproxy_cfg is not None:
        haproxy_cfg = faults.collect("haproxy_cfg", partial(_FILE.validate_python, haproxy_cfg))
    whole = {"name": name, "nodes": found, "vips": floating, "fencing": fencing, "haproxy_cfg": haproxy_cfg}
    decided = {"failover": failover} if failover else {}
    if not faults.found:
        # its parts are right: what can be wrong yet is how nodes and addresses go together
        cluster = faults.collect("nodes", lambda: ClusterSpec.model_validate({**whole, **decided}))
        if cluster is not None:
            return cluster
    return ClusterSpec.model_construct(
        name=name,
        nodes=tuple(filter(None, found)),
        vips=tuple(filter(None, floating)),
        fencing=fencing,
        failover=failover or "approved",
        haproxy_cfg=haproxy_cfg,
    )


def _fencing(words: Words, nodes: AbstractSet[str], faults: _Faults) -> FencingSpec | None:
    agent, options = words.one("fencing"), words.all("fence-option")
    if agent is None:
        faults.add("fencing", "say how a lost node is fenced: `--fencing fence_ipmilan …`, or `--fencing none`")
        return None
    if agent == "none":
        if options:
            faults.add("fence_options", "`--fence-option` goes with a fence agent, not with `--fencing none`")
        return None
    if faults.collect("fencing", lambda: FencingSpec(agent=agent)) is None:
        return None
    fencing = faults.collect("fence_options", partial(fencing_of, agent, options))
    strangers = sorted(set(fencing.per_node) - nodes) if fencing else []
    if strangers:
        who = ", ".join(strangers)
        faults.add("fence_options", f"{who} has options of the fence agent and is no node of the cluster")
    return fencing


def sentences(error: ValidationError) -> Iterable[str]:
    """Yield what is wrong, without the input: it may be long or secret."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    for problem in problems:
        if problem["type"] == "too_short" and any(one["loc"][:-1] == problem["loc"] for one in problems):
            continue  # it is too short for want of what is wrong inside, which is told
        yield problem["msg"].removeprefix("Value error, ")


def fencing_of(agent: str, options: Iterable[str]) -> FencingSpec:
    """Read an agent's options, each `KEY=VALUE` or `NODE:KEY=VALUE`. Raises ValueError saying what is wrong."""
    shared: dict[str, str] = {}
    per_node: dict[str, dict[str, str]] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"{option[:40]!r} is not an option of the fence agent: write KEY=VALUE or NODE:KEY=VALUE")
        node, colon, name = key.rpartition(":")
        (per_node.setdefault(node, {}) if colon else shared)[name] = value
    return FencingSpec(agent=agent, options=shared, per_node=per_node)


def _fencing_secrets(cluster: ClusterSpec, desk: Desk, faults: _Faults) -> Mapping[str, str]:
    found = {name: faults.collect("fence_options", partial(desk.secret, name)) for name in cluster.secrets}
    return {name: text for name, text in found.items() if text is not None}


def _haproxy_cfg(cluster: ClusterSpec, desk: Desk) -> str | None:
    if cluster.haproxy_cfg is None:
        return None
    text = desk.file(cluster.haproxy_cfg)
    binds = binds_of(text)
    if not any(not bind.loopback for bind in binds):
        raise UsageError(f"{cluster.haproxy_cfg} has no `bind` that others can reach, so nothing would answer")
    silent = [address for vip in cluster.vips if not ports_at(binds, address := str(vip.address))]
    if silent:
        raise UsageError(
            f"{cluster.haproxy_cfg} has no `bind` that would answer at {', '.join(silent)}",
            remedy=f"Add `bind {bind_example(silent[0])}` to a frontend.",
        )
    return text


def bind_example(address: str) -> str:
    """Return a bind that answers at the address wherever it is."""
    return ":::80 v6only" if ":" in address else "*:80"


def hacluster_password(desk: Desk) -> str:
    """Return the password of the secrets directory if there is one, since pcsd's web page uses it, else a new one.

    Raises `UsageError` where one is given that cannot be read, or that `chpasswd` would take for something else.
    """
    try:
        return one_line(PASSWORD, desk.secret(PASSWORD))
    except NotGiven:
        # pcs keeps tokens after `host auth`: nobody needs to know this one again
        return secrets.token_urlsafe(24)


def one_line(name: str, text: str) -> str:
    """Return a password that tools read as one line. Raises `UsageError` for what they would take for something else."""
    if not text or not text.isprintable():
        raise UsageError(f"the secret {name} is not one line of text", remedy="Write it anew, or take the file away.")
    return text
