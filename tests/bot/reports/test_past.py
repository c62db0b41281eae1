"""What becomes of records: a period divided without gaps, and nobody's knowledge never taken for health."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.reports.availability import IP_UP, NODE_UP, Availability, availability, lasting, percent
from bot.reports.past import Mark, Period, Stretch, floating_ip, node, stretches
from commands.condition import Condition, State
from tests.bot.reports.a_past import DAY, WHOLE, at, condition, during


def told(found: tuple[Stretch, ...]) -> list[tuple[str, float]]:
    """Return each stretch as its word and the hours it lasted."""
    return [(" ".join((each.mark.word, *each.mark.nodes)), each.length / timedelta(hours=1)) for each in found]


def test_what_was_known_before_the_period_holds_when_it_begins() -> None:
    recorded = [(at(-3), condition())]
    assert told(stretches(node("n2"), recorded, WHOLE, DAY)) == [("joined", 24)]


def test_a_loss_lasts_until_the_next_record_says_otherwise() -> None:
    recorded = [(at(-3), condition()), (at(6), condition(n2=State("left"))), (at(7), condition())]
    assert told(stretches(node("n2"), recorded, WHOLE, DAY)) == [("joined", 6), ("left", 1), ("joined", 17)]


def test_a_floating_ip_is_followed_from_node_to_node() -> None:
    recorded = [
        (at(-3), condition()),
        (at(6), condition(vip2=State("nowhere"))),
        (at(6.5), condition(vip2=State("served", ("n1",)))),
    ]
    found = stretches(floating_ip("vip2"), recorded, WHOLE, DAY)
    assert told(found) == [("served n2", 6), ("nowhere", 0.5), ("served n1", 17.5)]


def test_what_does_not_concern_a_thing_does_not_divide_its_time() -> None:
    recorded = [(at(-3), condition()), (at(6), condition(vip1=State("nowhere")))]
    assert told(stretches(node("n1"), recorded, WHOLE, DAY)) == [("joined", 24)]


def test_nobody_looking_is_unknown_whatever_was_known_before() -> None:
    recorded = [(at(-3), condition())]
    found = stretches(node("n1"), recorded, (during(-5, 6), during(8, 30)), DAY)
    assert told(found) == [("joined", 6), ("unknown", 2), ("joined", 16)]


def test_what_a_look_could_not_read_is_unknown() -> None:
    blind = condition(n1=State("joined", known=False), vip1=State("served", ("n1",), known=False), vip2=None)
    recorded = [(at(-3), condition()), (at(6), blind)]
    for read in (node("n1"), floating_ip("vip1"), floating_ip("vip2")):
        assert [word for word, _ in told(stretches(read, recorded, WHOLE, DAY))][-1] == "unknown"


def test_before_the_first_record_nothing_is_known() -> None:
    assert told(stretches(node("n1"), [(at(20), condition())], WHOLE, DAY)) == [("unknown", 20), ("joined", 4)]
    assert told(stretches(node("n1"), [], WHOLE, DAY)) == [("unknown", 24)]


def test_a_member_that_runs_nothing_on_purpose_is_told_as_such() -> None:
    recorded = [(at(-3), condition(node_n2=State("standby"))), (at(6), condition(n2=State("stopped")))]
    assert told(stretches(node("n2"), recorded, WHOLE, DAY)) == [("standby", 6), ("stopped", 18)]


def test_lookouts_of_two_bots_that_overlap_are_one() -> None:
    found = stretches(node("n1"), [(at(-3), condition())], (during(5, 12), during(-5, 6), during(11, 30)), DAY)
    assert told(found) == [("joined", 24)]


WORDS = st.sampled_from(["joined", "left", "stopped", "disputed", "standby"])
HOURS = st.floats(-6, 30, allow_nan=False).map(lambda hours: round(hours, 3))
RECORDS = st.lists(st.tuples(HOURS, WORDS, st.booleans()), max_size=12).map(
    lambda found: [
        (at(hour), condition(n2=State(word, known=known)))
        for hour, word, known in sorted(found, key=lambda each: each[0])
    ]
)
LOOKOUTS = st.lists(st.tuples(HOURS, HOURS).map(sorted), max_size=6).map(lambda all_: [during(*one) for one in all_])


def of_n2(recorded: list[tuple[datetime, Condition]], looking: list[Period]) -> Availability:
    return availability(stretches(node("n2"), recorded, looking, DAY), NODE_UP)


@given(RECORDS, LOOKOUTS)
def test_up_and_down_and_unknown_always_add_up_to_the_period(
    recorded: list[tuple[datetime, Condition]], looking: list[Period]
) -> None:
    shares = of_n2(recorded, looking)
    assert shares.up + shares.down + shares.unknown == shares.length == DAY.length
    assert min(shares.up, shares.down, shares.unknown) >= timedelta()


@given(RECORDS, LOOKOUTS)
def test_stretches_follow_each_other_without_gap_and_differ(
    recorded: list[tuple[datetime, Condition]], looking: list[Period]
) -> None:
    found = stretches(node("n2"), recorded, looking, DAY)
    assert (found[0].begun, found[-1].until) == (DAY.since, DAY.until)
    assert all(earlier.until == later.begun and earlier.mark != later.mark for earlier, later in pairwise(found))
    assert all(each.begun < each.until for each in found)


@given(RECORDS, LOOKOUTS, st.integers(0, 5), st.tuples(HOURS, HOURS).map(sorted))
def test_a_gap_in_the_lookout_never_makes_anything_look_better(
    recorded: list[tuple[datetime, Condition]], looking: list[Period], which: int, gap: list[float]
) -> None:
    """Cutting a piece out of what was watched takes from up and from down, and gives all of it to unknown."""
    whole = of_n2(recorded, looking)
    cut: list[Period] = []
    for number, one in enumerate(looking):
        if number != which:
            cut.append(one)
            continue
        first, last = at(gap[0]), at(gap[1])
        cut += [
            Period(since, until)
            for since, until in ((one.since, min(one.until, first)), (max(one.since, last), one.until))
            if since < until
        ]
    after = of_n2(recorded, cut)
    assert after.up <= whole.up
    assert after.down <= whole.down
    assert after.unknown >= whole.unknown


def test_only_all_of_it_is_a_hundred_percent_and_what_is_there_is_not_nothing() -> None:
    day = timedelta(days=1)
    assert percent(day, day) == "100 %"
    assert percent(day - timedelta(seconds=1), day) == "99.99 %"
    assert percent(timedelta(seconds=1), day, least=True) == "0.01 %"
    assert percent(timedelta(), day, least=True) == "0 %"
    assert percent(timedelta(hours=6), day) == "25 %"
    assert percent(timedelta(), timedelta()) == "none"


def test_an_address_on_two_nodes_is_not_up() -> None:
    hour = timedelta(hours=1)
    found = [
        Stretch(at(0), at(1), Mark("served", ("n1",))),
        Stretch(at(1), at(2), Mark("doubled", ("n1", "n2"))),
        Stretch(at(2), at(3), Mark()),
    ]
    assert availability(found, IP_UP) == Availability(hour, hour, hour)
    assert lasting(found, "doubled") == hour
