"""What a health report says: a line where all is well, and all that matters where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.reports.account import Account
from bot.reports.compose import health
from bot.slack.limits import message_problems
from bot.slack.plain import plain
from bot.slack.render import render
from bot.store import EventRow, PlanRow
from commands.condition import State
from commands.events import Kind
from commands.report import Level, Picture
from commands.troubles import Severity
from tests.bot.reports.a_past import DAY, account, at, condition, during, incident
from tests.bot.reports.conftest import RECORDED, Now

BERLIN = ZoneInfo("Europe/Berlin")
CARD = "https://acme.slack.com/archives/C0ALERTS/p1763884800000100"

STANDBY = PlanRow(
    id="plan",
    verb="standby",
    text="standby n2 web",
    cluster="web",
    team="T0HOME",
    user="U0ALICE",
    channel="C0OPS",
    fingerprint="f",
    created=at(1),
    expires=at(2),
    state="done",
    started=at(1.5),
    finished=at(1.6),
)
EVENTS = (
    EventRow("web", at(6.1), Kind.VIP_MOVED, "vip2", "vip2 moved from n2 to n1", ("n1", "n2")),
    EventRow("web", at(7), Kind.VIP_MOVED, "vip2", "vip2 moved from n1 to n2", ("n1", "n2"), own="failback vip2"),
    EventRow("web", at(9), Kind.LINK_UP, "n1/n2/0", "the link is up"),
    EventRow("web", at(12), Kind.CONFIGURATION_CHANGED, "web", "root changed the configuration with cibadmin on n1"),
    EventRow("web", at(13), Kind.CONFIGURATION_CHANGED, "web", "hacluster changed it", own="standby n2"),
)


async def eventful(now: Now) -> Account:
    """Return a cluster with a failover and a failback behind it, and a node lost two hours ago."""
    recorded = [
        (-3, condition()),
        (6, condition(n2=State("left"), vip2=State("nowhere"))),
        (6.1, condition(n2=State("left"), vip2=State("served", ("n1",)))),
        (7, condition()),
        (22, condition(n2=State("left"), vip2=State("waiting"))),
    ]
    lost = incident(
        22,
        id="second-incident-",
        title="n2 is lost, vip2 waits at its gate",
        severity=Severity.SERVICE,
        acknowledged="T0HOME:U0ALICE",
    )
    return account(
        await now("n2-lost"),
        recorded,
        (during(-5, 10), during(11, 30)),
        events=EVENTS,
        incidents=(incident(6, 7), incident(8, 8.1, id="early", confirmed=False, title="a short interruption"), lost),
        cards={"second-incident-": CARD},
        ran=(STANDBY,),
        waiting=(replace(STANDBY, id="other", text="failover vip2 --to n1 web", state="waiting", started=None),),
    )


async def test_a_healthy_cluster_is_one_line(now: Now) -> None:
    report = health([account(await now("healthy"))], DAY, BERLIN)
    assert plain(report) == (
        "OK · Health of web: healthy\n\n"
        "Fri 20 Nov 09:00 to Sat 21 Nov 09:00 (Europe/Berlin).\n\n"
        "OK · web: healthy — 2 of 2 nodes online, quorate, 2 floating IPs served; up all the time"
    )
    assert (report.level, report.next_step) == (Level.OK, "")


EVENTFUL = f"""\
Critical · Health of 2 clusters: 1 failing, 1 healthy

Fri 20 Nov 09:00 to Sat 21 Nov 09:00 (Europe/Berlin).

Critical · web: failing — 1 of 2 nodes online, quorate, 1 of 2 floating IPs served; \
1 incident open, 1 incident over, 2 failovers, 2 changes, not seen 4.17 % of it (1 h)

OK · blog: healthy — 2 of 2 nodes online, quorate, 2 floating IPs served; up all the time

web now:

Critical · n2 is lost, as n1 sees it: it left the membership without being stopped, and does not answer the bot either
  → Look at n2's power and network, from its console.

Critical · vip2 (10.213.2.102) waits at its gate: its home n2 cannot run it, and a person must let it move; \
whether n2 still holds it is not known
  → /hacluster failover vip2 --to n1 web

Unknown · n2 cannot be asked: connection timed out
  → Check its power and network.

the plan failover vip2 --to n1 web waits for its confirmation

web: how much of the time
what  up       down    not seen  because
────  ───────  ──────  ────────  ─────────────────────────────────────────
n1    95.83 %  0 %     4.17 %    –
n2    83.33 %  12.5 %  4.17 %    lost 3 h
vip1  95.83 %  0 %     4.17 %    –
vip2  87.08 %  8.75 %  4.17 %    waiting at its gate 2 h, on no node 6 min

What happened in web:
• Sat 21 Nov 07:00, open for 2 h: n2 is lost, vip2 waits at its gate ({CARD}) (service lost), acknowledged by @U0ALICE
• Fri 20 Nov 15:00, 1 h: n2 was lost (redundancy lost)
• Fri 20 Nov 16:00: vip2 moved from n1 to n2 (failback vip2)
• Fri 20 Nov 15:06: vip2 moved from n2 to n1
• Fri 20 Nov 21:00: root changed the configuration with cibadmin on n1
• Fri 20 Nov 10:30: standby n2 web by @U0ALICE: done"""


async def test_what_is_wrong_comes_first_and_in_full(now: Now) -> None:
    blog = replace(account(await now("healthy")), cluster=RECORDED.model_copy(update={"name": "blog"}))
    report = health([blog, await eventful(now)], DAY, BERLIN)
    assert plain(report) == EVENTFUL
    assert (report.level, report.next_step) == (Level.CRITICAL, "status web")
    message = render(report)
    assert message_problems(message.text, message.blocks) == []


async def test_an_early_word_that_nothing_came_of_is_not_told(now: Now) -> None:
    assert "short interruption" not in plain(health([await eventful(now)], DAY, BERLIN))


async def test_what_nobody_saw_is_said_beside_what_was_seen(now: Now) -> None:
    gap = account(await now("healthy"), looking=(during(-5, 6), during(7, 30)))
    assert "up whenever it was seen, not seen 4.17 % of it (1 h)" in plain(health([gap], DAY, BERLIN))


async def test_a_time_that_was_mostly_not_seen_is_not_called_healthy(now: Now) -> None:
    mostly = health([account(await now("healthy"), looking=(during(-5, 6),))], DAY, BERLIN)
    assert "Unknown · web: healthy — 2 of 2 nodes online" in plain(mostly)
    never = plain(health([account(await now("healthy"), recorded=())], DAY, BERLIN))
    assert "nobody watched it in this time" in never


async def test_an_outage_that_is_over_has_its_details_though_all_is_well(now: Now) -> None:
    recorded = [(-3, condition()), (6, condition(vip2=State("nowhere"))), (6.01, condition())]
    told = plain(health([account(await now("healthy"), recorded)], DAY, BERLIN))
    assert "OK · web: healthy" in told
    assert "vip2  99.95 %  0.05 %  0 %       on no node 36 s" in told


async def test_an_address_by_approval_away_from_home_is_pending(now: Now) -> None:
    told = plain(health([account(await now("n2-lost-failover-approved"))], DAY, BERLIN))
    assert "vip2 (10.213.2.102) is on n1 by approval; its home is n2" in told


async def test_only_the_newest_of_many_are_told_and_where_the_rest_is(now: Now) -> None:
    many = tuple(incident(hour, hour + 0.1, id=f"incident-{hour:02}") for hour in range(1, 12))
    told = plain(health([account(await now("healthy"), incidents=many)], DAY, BERLIN))
    assert told.count("n2 was lost") == 6
    assert "Fri 20 Nov 20:00, 6 min: n2 was lost" in told
    assert "• 5 more incidents: /hacluster history web" in told


async def test_a_change_is_told_short_and_without_what_looks_like_a_secret(now: Now) -> None:
    typed = f"setup web n1=10.0.0.1 --fence-option password=canary {'--vip 10.0.0.1/24 ' * 20}"
    told = plain(health([account(await now("healthy"), ran=(replace(STANDBY, text=typed),))], DAY, BERLIN))
    (line,) = [line for line in told.splitlines() if "setup web" in line]
    assert "canary" not in line
    assert len(line) < 150
    assert line.endswith("… by @U0ALICE: done")


async def test_a_report_that_is_late_says_so(now: Now) -> None:
    accounts = [account(await now("healthy"))]
    late = health(accounts, DAY, BERLIN, due=DAY.until - timedelta(hours=4))
    assert "This report was due Sat 21 Nov 05:00: I was away then." in plain(late)
    assert "due" not in plain(health(accounts, DAY, BERLIN, due=DAY.until - timedelta(seconds=20)))


async def test_a_picture_says_in_words_what_it_shows(now: Now) -> None:
    report = health([await eventful(now)], DAY, BERLIN, pictures={"web": b"png"})
    (picture,) = [part for part in report.parts if isinstance(part, Picture)]
    assert (picture.png, picture.name) == (b"png", "web-2026-11-21.png")
    assert picture.alt == (
        "Timeline of web over 1 d. "
        "n1: joined 95.83 % (23 h) and unknown 4.17 % (1 h). "
        "n2: joined 83.33 % (20 h), left 12.5 % (3 h) and unknown 4.17 % (1 h). "
        "vip1: served 95.83 % (23 h) and unknown 4.17 % (1 h), held by n1. "
        "vip2: served 87.08 % (20 h 54 min), nowhere 0.42 % (6 min), unknown 4.17 % (1 h) and waiting 8.34 % (2 h), "
        "held by n2 then n1 then n2."
    )


def test_without_clusters_there_is_nothing_to_tell() -> None:
    assert plain(health([], DAY, BERLIN)) == "Health: there is no cluster to report on"
