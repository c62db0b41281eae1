"""What a `setup` asks for: read from the words typed, or from the modal's fields, and checked as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pydantic import ValidationError

from commands.errors import UsageError
from commands.facts.haproxy_config import binds_of
from commands.verbs.verb import Desk
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec, FencingSpec, VipSpec, parse_node

T = TypeVar("T")

USAGE = "setup NAME NODE=ADDRESS NODE=ADDRESS [--vip ADDRESS/PREFIX]… --fencing none|AGENT"
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
    declared = desk.clusters.get(name)
    cluster = (
        declared.spec if declared and not nodes and not words.options.keys() & _SHAPE else _spec(name, nodes, words)
    )
    if declared and declared.source == "file" and cluster != declared.spec:
        raise UsageError(
            f"`{name}` is declared in the bot's configuration file, and differently",
            remedy=f"Type `/hacluster setup {name}`, change the file, or choose another name.",
        )
    _refuse_shared(cluster, desk)
    if cluster.failover == "automatic" and cluster.fencing is None and not words.flag("accept-split-brain"):
        raise UsageError(
            "automatic failover without fencing ends in a split brain: when the network between the nodes is cut, each "
            "of them takes all floating IPs",
            remedy="Leave out `--failover automatic` (failover then waits for a person), give `--fencing AGENT`, or add "
            "`--accept-split-brain`.",
        )
    return SetupRequest(
        cluster,
        new_password=words.flag("new-password"),
        haproxy_cfg=_haproxy_cfg(cluster, desk),
        password=hacluster_password(desk),
        fencing_secrets={name: desk.secret(name) for name in secret_names(cluster.fencing)},
        known=declared.spec if declared else None,
    )


def _refuse_shared(cluster: ClusterSpec, desk: Desk) -> None:
    """A floating IP of another cluster that waits at its gate answers nobody, so the network alone does not tell."""
    mine = _addresses(cluster)
    for name, known in sorted(desk.clusters.items()):
        shared = mine & _addresses(known.spec) if name != cluster.name else set()
        if shared:
            raise UsageError(
                f"{', '.join(sorted(shared))} belongs to the cluster `{name}`", remedy="Choose another address."
            )


def _addresses(cluster: ClusterSpec) -> set[str]:
    held = [address for node in cluster.nodes for address in node.addresses]
    return {str(address) for address in (*held, *(vip.address for vip in cluster.vips))}


_SHAPE = frozenset({"vip", "fencing", "fence-option", "failover", "haproxy-cfg"})


def _spec(name: str, nodes: Iterable[str], words: Words) -> ClusterSpec:
    wrong: list[str] = []

    def collect(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ValidationError as error:
            wrong.extend(sentences(error))
        except ValueError as error:
            wrong.append(str(error))
        return None

    found = [collect(partial(parse_node, text)) for text in nodes]
    floating = [collect(partial(VipSpec.parse, text)) for text in words.all("vip")]
    if len(found) < 2:  # noqa: PLR2004 - fewer are no cluster
        wrong.append("a cluster needs at least two nodes, each as NAME=ADDRESS")
    fencing = None
    agent = words.one("fencing")
    if agent is None:
        wrong.append("say how a lost node is fenced: `--fencing fence_ipmilan …`, or `--fencing none`")
    elif agent == "none":
        if words.all("fence-option"):
            wrong.append("`--fence-option` goes with a fence agent, not with `--fencing none`")
    else:
        fencing = collect(partial(_fencing, agent, words.all("fence-option")))
    known = {node.name for node in found if node}
    strangers = sorted(set(fencing.per_node) - known) if fencing else []
    if strangers:
        wrong.append(f"{', '.join(strangers)} has options of the fence agent and is no node of the cluster")
    shape = {
        "name": name,
        "nodes": tuple(node for node in found if node),
        "vips": tuple(vip for vip in floating if vip),
        "fencing": fencing,
        "failover": words.one("failover") or ("automatic" if fencing else "approved"),
        "haproxy_cfg": words.one("haproxy-cfg"),
    }
    cluster = collect(lambda: ClusterSpec.model_validate(shape))
    if wrong or cluster is None:
        raise UsageError("; ".join(dict.fromkeys(wrong)), remedy=f"Usage: `/hacluster {USAGE}`")
    return cluster


def sentences(error: ValidationError) -> Iterable[str]:
    """Yield what is wrong, without the input: it may be long or secret."""
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        yield problem["msg"].removeprefix("Value error, ")


def _fencing(agent: str, options: Iterable[str]) -> FencingSpec:
    shared: dict[str, str] = {}
    per_node: dict[str, dict[str, str]] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"{option[:40]!r} is not an option of the fence agent: write KEY=VALUE or NODE:KEY=VALUE")
        node, colon, name = key.rpartition(":")
        (per_node.setdefault(node, {}) if colon else shared)[name] = value
    return FencingSpec(agent=agent, options=shared, per_node=per_node)


def secret_names(fencing: FencingSpec | None) -> tuple[str, ...]:
    """Return the names of the secrets that a fence device's options refer to."""
    if fencing is None:
        return ()
    values = [*fencing.options.values(), *(v for options in fencing.per_node.values() for v in options.values())]
    return tuple(sorted({value.removeprefix("secret:") for value in values if value.startswith("secret:")}))


def _haproxy_cfg(cluster: ClusterSpec, desk: Desk) -> str | None:
    if cluster.haproxy_cfg is None:
        return None
    text = desk.file(cluster.haproxy_cfg)
    if not any(not bind.loopback for bind in binds_of(text)):
        raise UsageError(f"{cluster.haproxy_cfg} has no `bind` that others can reach, so nothing would answer")
    return text


def hacluster_password(desk: Desk) -> str:
    """Return the password of the secrets directory if there is one, since pcsd's web page uses it, else a new one."""
    try:
        return desk.secret("hacluster_password")
    except UsageError:
        # pcs keeps tokens after `host auth`: nobody needs to know this one again
        return secrets.token_urlsafe(24)
