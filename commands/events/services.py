"""Events of what the cluster carries: floating IPs, resources, HAProxy, servers, and its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import does, listed
from commands.condition import Condition, State, Topic
from commands.condition.pacemaker import FAILED_AT
from commands.events.change import changes
from commands.events.record import Event, Kind


def vips(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield floating IPs moved, lost, waiting, doubled, served again."""
    for name, was, now in changes(before, after, Topic.VIP):
        here = f"`{name}` ({now.detail})"
        nodes = now.nodes or now.concerns
        match now.word:
            case "served" if was.word == "served":
                text = f"{here} moved from {listed(was.nodes)} to {listed(now.nodes)}"
                yield Event(Kind.VIP_MOVED, name, text, (*was.nodes, *now.nodes), now.witnesses)
            case "served":
                text = f"{here} is served by {listed(now.nodes)}" + (" alone again" if was.word == "doubled" else "")
                yield Event(Kind.VIP_SERVED, name, text, nodes, now.witnesses)
            case "doubled":
                text = f"{here} is on {listed(now.nodes)} at the same time"
                yield Event(Kind.VIP_DOUBLED, name, text, nodes, now.witnesses)
            case "waiting" if was.word != "waiting":
                text = f"{here} is on no node and waits at its gate for a person"
                yield Event(Kind.FAILOVER_WAITING, name, text, nodes, now.witnesses)
            case "nowhere" if was.word in {"served", "doubled"}:
                yield Event(Kind.VIP_LOST, name, f"{here} is on no node", nodes, now.witnesses)
            case "off" if was.word != "off":
                yield Event(Kind.RESOURCE_STOPPED, name, f"{here} was switched off", nodes, now.witnesses)


def resources(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield resources moved, failed, stopped, started. Where a floating IP is, is told as such."""
    floating = {*before.of(Topic.VIP), *after.of(Topic.VIP)}
    for name, was, now in changes(before, after, Topic.RESOURCE):
        event = _resource(name, was, now)
        if event and (name not in floating or event.kind is Kind.RESOURCE_FAILED):
            yield event
    yield from _mended(before, after)


def _resource(name: str, was: State, now: State) -> Event | None:
    here, nodes = _named(name), now.nodes or now.concerns
    match now.word:
        case "started" if was.word == "started":
            text = f"{here} moved from {listed(was.nodes)} to {listed(now.nodes)}"
            return Event(Kind.RESOURCE_MOVED, name, text, (*was.nodes, *now.nodes), now.witnesses)
        case "started":
            on = "" if "@" in name else f" on {listed(now.nodes)}"
            return Event(Kind.RESOURCE_STARTED, name, f"{here} runs{on}", nodes, now.witnesses)
        case "failed" | "blocked" if was.word != now.word:
            why = f": {now.detail}" if now.detail else ""
            word = "has failed" if now.word == "failed" else "is blocked, since it could not be stopped"
            return Event(Kind.RESOURCE_FAILED, name, f"{here} {word}{why}", nodes, now.witnesses)
        case "stopped" | "off" if was.word == "started":
            word = "does not run any more" if now.word == "stopped" else "was switched off"
            return Event(Kind.RESOURCE_STOPPED, name, f"{here} {word}", nodes, now.witnesses)
    return None


def _mended(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield failures of resources that ran before and run now: Pacemaker has mended them between two looks."""
    for name, now in after.of(Topic.RESOURCE).items():
        was = before.get(Topic.RESOURCE, name)
        if was is None or not now.known or not was.word == now.word == "started":
            continue
        if _failed_at(now) > _failed_at(was):
            text = f"{_named(name)} failed and runs again: {now.detail}"
            over = not _was_seen(before, name)
            yield Event(Kind.RESOURCE_FAILED, name, text, now.nodes, now.witnesses, over=over)


def _failed_at(state: State) -> str:
    """Return when the resource failed last, as text that sorts by time, "" if it never did."""
    return state.detail.rpartition(FAILED_AT)[2] if FAILED_AT in state.detail else ""


def _was_seen(before: Condition, name: str) -> bool:
    """Return whether the failure showed already: a floating IP that was away, an HAProxy that did not answer."""
    away = before.word(Topic.VIP, name) not in {"", "served"}
    return away or before.word(Topic.PROXY, name.partition("@")[2]) == "down"


def _named(name: str) -> str:
    resource, at, node = name.partition("@")
    return f"`{resource}` on {node}" if at else f"`{resource}`"


def proxies(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield HAProxy gone and back on a node."""
    for name, _, now in changes(before, after, Topic.PROXY):
        if now.word == "down":
            text = f"HAProxy on {name} does not answer: {now.detail}"
            yield Event(Kind.PROXY_DOWN, name, text, (name,), now.witnesses)
        else:
            yield Event(Kind.PROXY_UP, name, f"HAProxy on {name} answers again", (name,), now.witnesses)


def servers(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield servers behind HAProxy down and up, once for all nodes that see the same."""
    found: dict[tuple[Kind, str], list[str]] = {}
    for name, was, now in changes(before, after, Topic.SERVER):
        node, _, server = name.partition("/")
        if now.word == "down":
            found.setdefault((Kind.SERVER_DOWN, server), []).append(node)
        elif now.word == "up" and was.word == "down":
            found.setdefault((Kind.SERVER_UP, server), []).append(node)
    for (kind, server), nodes in found.items():
        word = "down" if kind is Kind.SERVER_DOWN else "up again"
        text = f"server `{server}` is {word}, as HAProxy {_on(nodes)}"
        yield Event(kind, server, text, tuple(nodes), tuple(nodes))


def _on(nodes: list[str]) -> str:
    return f"on {does(nodes, 'sees', 'see')} it"


def whole(before: Condition, after: Condition) -> Iterator[Event]:
    """Yield maintenance of the whole cluster begun and ended, and a configuration that somebody changed."""
    cluster = after.cluster
    for _, _, now in changes(before, after, Topic.CLUSTER):
        if now.word == "maintenance":
            text = "the whole cluster is in maintenance: Pacemaker neither repairs nor moves anything"
            yield Event(Kind.MAINTENANCE_ON, cluster, text, witnesses=now.witnesses)
        else:
            yield Event(
                Kind.MAINTENANCE_OFF, cluster, "the maintenance of the cluster has ended", witnesses=now.witnesses
            )
    for _, was, now in changes(before, after, Topic.CONFIGURATION):
        text = f"the configuration was changed ({was.word} to {now.word}), last by {now.detail}"
        yield Event(Kind.CONFIGURATION_CHANGED, cluster, text, witnesses=now.witnesses)
