"""Whether the bot does its work: for supervisors (`/healthz`, `/readyz`) and for Prometheus (`/metrics`).

A dead bot cannot say that it is dead, so somebody outside should ask: everything here is an age or a state that goes
wrong by itself when the bot stops working.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.incidents import Phase
from bot.watch.state import WatchState

LATE = 60.0
"""Seconds without a tick of the scheduler after which the bot counts as dead."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The bot at one moment. Ages are in seconds, None for never."""

    at: datetime
    slack_connected: bool
    pong_age: float | None
    """Since Slack last answered on the socket; None in HTTP mode too, where Slack calls."""
    tick_age: float | None
    """Since the scheduler last began a job."""
    store_answers: bool = True
    messages_waiting: int = 0
    message_age: float | None = None
    """Since a message was last sent."""
    channels_refused: Mapping[str, str] = field(default_factory=dict)
    """Channels that take no message from the bot, and Slack's word for why."""
    watches: tuple[WatchState, ...] = ()
    """Empty while another bot has the duty."""
    on_duty: bool = True
    """Whether it is this one of all bots on the store that watches and sends."""
    duty_of: str = ""
    """Which process does, as far as is known."""

    @property
    def alive(self) -> bool:
        """Whether a restart would not help."""
        return self.slack_connected and (self.tick_age is None or self.tick_age < LATE)

    @property
    def ready(self) -> bool:
        """Whether it can do everything it is for: it is alive, remembers, and has looked at each cluster.

        One that stands by is ready: to answer people, and to take over.
        """
        return self.alive and self.store_answers and all(watch.last_look for watch in self.watches)

    def details(self) -> dict[str, object]:
        """Return what the two judgements are made of."""
        streams = [stream for watch in self.watches for _, stream in watch.streams]
        return {
            "slack_connected": self.slack_connected,
            "last_pong_age": _rounded(self.pong_age),
            "last_tick_age": _rounded(self.tick_age),
            "store": self.store_answers,
            "on_duty": self.on_duty,
            "duty_of": self.duty_of,
            "clusters": len(self.watches),
            "clusters_not_looked_at": [watch.cluster.name for watch in self.watches if watch.last_look is None],
            "streams": len(streams),
            "streams_alive": sum(stream.alive for stream in streams),
            "messages_waiting": self.messages_waiting,
            "channels_refused": dict(self.channels_refused),
        }


def _rounded(age: float | None) -> float | None:
    return None if age is None else round(age, 1)


def exposition(vitals: Vitals) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(vitals))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps its collectors by identity
class _Once(Collector):
    vitals: Vitals

    def collect(self) -> Iterator[Metric]:
        yield from _of_the_bot(self.vitals)
        yield from _of_clusters(self.vitals)


def _gauge(name: str, text: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(f"hacluster_{name}", text, value=value)


def _of_the_bot(vitals: Vitals) -> Iterator[Metric]:
    yield from _gauge("slack_connected", "Whether there is a connection to Slack.", vitals.slack_connected)
    yield from _gauge("slack_pong_age_seconds", "Since Slack last answered on the socket.", vitals.pong_age)
    yield from _gauge("scheduler_tick_age_seconds", "Since the scheduler last began a job.", vitals.tick_age)
    yield from _gauge("store_answers", "Whether the store answers.", vitals.store_answers)
    yield from _gauge("on_duty", "Whether this bot watches and sends, and not another on its store.", vitals.on_duty)
    yield from _gauge("messages_waiting", "Messages stored and not sent yet.", vitals.messages_waiting)
    yield from _gauge("message_age_seconds", "Since a message was last sent.", vitals.message_age)
    yield from _gauge("channels_refused", "Channels that take no message from the bot.", len(vitals.channels_refused))


def _of_clusters(vitals: Vitals) -> Iterator[Metric]:
    look = GaugeMetricFamily("hacluster_look_age_seconds", "Since a cluster was last looked at.", labels=("cluster",))
    alive = GaugeMetricFamily(
        "hacluster_stream_alive", "Whether a node's stream is read.", labels=("cluster", "node", "source")
    )
    incidents = GaugeMetricFamily("hacluster_incidents", "Open incidents by severity.", labels=("cluster", "severity"))
    for watch in vitals.watches:
        name = watch.cluster.name
        if watch.last_look is not None:
            look.add_metric((name,), (vitals.at - watch.last_look).total_seconds())
        for node, stream in watch.streams:
            alive.add_metric((name, node, stream.source), stream.alive)
        counted: dict[str, int] = {}
        for incident in watch.incidents:
            if incident.phase is not Phase.RESOLVED:
                severity = incident.severity.name.lower()
                counted[severity] = counted.get(severity, 0) + 1
        for severity, count in counted.items():
            incidents.add_metric((name, severity), count)
    yield from (look, alive, incidents)
