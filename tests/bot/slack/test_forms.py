"""A verb typed bare opens its form; what is filled in comes back, and what is wrong stands under its field."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import FORM_ACTION, Place
from bot.slack.limits import view_problems
from bot.slack.modals import field_errors, form_view
from commands.verbs.form import Field, Form, FormOption
from sandbox.slack.view_rules import check_view

SETUP = Form(
    "Set up a cluster",
    "setup",
    (
        Field("name", "Name", hint="1 to 32 letters", placeholder="web"),
        Field("nodes", "Nodes", kind="multiline", placeholder="n1=10.0.0.1"),
        Field(
            "failover",
            "Failover",
            kind="select",
            options=(FormOption("approved", "People approve it"), FormOption("automatic", "Pacemaker alone")),
            initial="approved",
        ),
        Field("accept", "Split brain", kind="checkbox", required=False, options=(FormOption("yes", "I accept it"),)),
    ),
)


async def test_a_bare_verb_opens_its_form_and_the_answers_come_back(bot: Any) -> None:
    bot.desk.forms["setup"] = SETUP
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    done = await bot.ws.submit("ada", view.id, {"name": "web", "nodes": "n1=10.0.0.1", "accept": ["yes"]})

    submitted = bot.desk.asked[0]
    assert (view.title, submitted.kind, submitted.what) == ("Set up a cluster", "submit", "setup")
    assert submitted.values == {"name": "web", "nodes": "n1=10.0.0.1", "failover": "approved", "accept": "yes"}
    assert submitted.place == Place("C0000000OPS")
    assert done.acked
    assert bot.ws.views("ada") == []


async def test_what_is_wrong_stands_under_its_field(bot: Any) -> None:
    async def check(_: Mapping[str, str]) -> Mapping[str, str]:
        return {"name": "'we b' is no cluster name", "elsewhere": "n1 is not reachable"}

    bot.desk.forms["setup"], bot.desk.check = SETUP, check
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    done = await bot.ws.submit("ada", view.id, {"name": "we b", "nodes": "n1=10.0.0.1"})

    assert done.errors == {"name": "'we b' is no cluster name; n1 is not reachable"}


async def test_a_form_that_takes_its_time_opens_as_a_waiting_view_first(bot: Any) -> None:
    bot.desk.forms["setup"], bot.desk.form_delay = SETUP, asyncio.Event()
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    waiting = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    assert "One moment" in str(waiting.blocks)

    bot.desk.form_delay.set()
    view = await bot.ws.wait_for(lambda: [v for v in bot.ws.views("ada") if v.title == "Set up a cluster"])
    assert view[0].id == waiting.id


async def test_a_form_that_slack_would_refuse_is_told_in_its_place(bot: Any) -> None:
    bot.desk.forms["setup"] = Form("Twice the same", "setup", (Field("name", "Name"), Field("name", "Name")))
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    assert "cannot be shown" in str(view.blocks)


async def test_a_verb_without_a_form_is_a_request(bot: Any) -> None:
    await bot.ws.slash("ada", "#ops", "/hacluster clusters")
    (asked,) = await bot.desk.until(1)

    assert (asked.kind, asked.what) == ("request", "clusters")


async def test_a_verb_typed_bare_as_a_mention_offers_its_form_by_a_button(bot: Any) -> None:
    bot.desk.forms["setup"] = SETUP
    await bot.ws.say("ada", "#ops", "@hacluster Setup")
    message = await bot.ws.wait_for(lambda: [m for m in bot.ws.messages("#ops") if m.blocks])
    assert "Open the form" in str(message[0].blocks)
    await bot.ws.click("ada", "#ops", message[0].ts, f"choice:{FORM_ACTION}:0")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    await bot.ws.submit("ada", view.id, {"name": "web", "nodes": "n1=10.0.0.1"})

    (submitted,) = await bot.desk.until(1)
    assert (view.title, submitted.kind, submitted.what) == ("Set up a cluster", "submit", "setup")


async def test_a_mention_of_a_verb_whose_form_one_may_not_use_is_a_request_which_says_why(bot: Any) -> None:
    await bot.ws.say("ada", "#ops", "@hacluster setup")
    (asked,) = await bot.desk.until(1)

    assert (asked.kind, asked.what) == ("request", "setup")


async def test_a_button_whose_form_is_not_to_be_had_any_more_is_a_request(bot: Any) -> None:
    bot.desk.forms["setup"] = SETUP
    await bot.ws.say("ada", "#ops", "@hacluster setup")
    message = await bot.ws.wait_for(lambda: [m for m in bot.ws.messages("#ops") if m.blocks])
    bot.desk.forms.clear()
    await bot.ws.click("ada", "#ops", message[0].ts, f"choice:{FORM_ACTION}:0")
    (asked,) = await bot.desk.until(1)

    assert (asked.kind, asked.what) == ("request", "setup")


async def test_the_same_opening_twice_is_quietly_one(bot: Any) -> None:
    bot.desk.forms["setup"] = SETUP
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    await bot.ws.wait_for(lambda: bot.ws.views("ada"))
    sent = bot.ws.deliveries[0]
    await bot.ws.deliver(sent.type, sent.payload)
    await bot.ws.wait_for(lambda: [call for call in bot.ws.calls if call.error == "exchanged_trigger_id"])

    assert await bot.slack.close(grace=2) == ()
    assert bot.ws.ephemerals("ada") == []
    assert len(bot.ws.views("ada")) == 1


async def test_a_form_of_another_version_says_so(bot: Any) -> None:
    bot.desk.forms["setup"] = SETUP
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    await bot.ws.submit("ada", view.id, {"name": "web", "nodes": "n1=10.0.0.1"})
    sent = bot.ws.deliveries[-1]
    old = {**sent.payload, "view": {**sent.payload["view"], "private_metadata": "v0"}}
    reply = await bot.ws.deliver(sent.type, old)

    assert reply.body["response_action"] == "update"
    assert "another version" in str(reply.body)


async def test_a_check_that_breaks_is_a_reference_in_the_form(bot: Any) -> None:
    async def check(_: Mapping[str, str]) -> Mapping[str, str]:
        raise ZeroDivisionError("the inner workings")

    bot.desk.forms["setup"], bot.desk.check = SETUP, check
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    await bot.ws.submit("ada", view.id, {"name": "web", "nodes": "n1=10.0.0.1"})

    body = str(bot.ws.deliveries[-1].reply.body)
    assert "Reference" in body
    assert "inner workings" not in body


async def test_a_check_that_takes_long_is_told_in_time_and_its_errors_later(bot: Any) -> None:
    checked = asyncio.Event()

    async def check(_: Mapping[str, str]) -> Mapping[str, str]:
        await checked.wait()
        return {"name": "that name is taken"}

    bot.desk.forms["setup"], bot.desk.check = SETUP, check
    await bot.ws.slash("ada", "#ops", "/hacluster setup")
    view = (await bot.ws.wait_for(lambda: bot.ws.views("ada")))[0]
    done = await bot.ws.submit("ada", view.id, {"name": "web", "nodes": "n1=10.0.0.1"})
    assert done.acked
    assert "takes a moment longer" in str(bot.ws.views("ada")[0].blocks)

    checked.set()
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("ada")))[0]
    assert "name: that name is taken" in told.text


_TEXTS = st.text(max_size=4000)
_FIELDS = st.builds(
    Field,
    id=st.text(min_size=1, max_size=200),
    label=_TEXTS,
    hint=_TEXTS,
    kind=st.sampled_from(["text", "multiline", "checkbox"]),
    required=st.booleans(),
    initial=_TEXTS,
    placeholder=_TEXTS,
)
_SELECTS = st.builds(
    Field,
    id=st.text(min_size=1, max_size=200),
    label=_TEXTS,
    kind=st.just("select"),
    options=st.lists(
        st.builds(FormOption, st.text(min_size=1, max_size=150), _TEXTS, _TEXTS), min_size=1, max_size=120
    ).map(tuple),
    initial=st.text(max_size=3),
)
_FORMS = st.builds(
    Form,
    title=st.text(min_size=1),
    verb=st.text(min_size=1, max_size=40),
    fields=st.lists(_FIELDS | _SELECTS, min_size=1, max_size=110, unique_by=lambda field: field.id).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(_FORMS)
def test_any_form_is_a_modal_that_slack_takes(form: Form) -> None:
    view = form_view(form, Place("C1"))

    assert view_problems(view) == []
    check_view(view, "modal")


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_no_error_is_lost(errors: dict[str, str]) -> None:
    placed = field_errors(errors, ("name", "nodes"))

    assert set(placed) <= {"name", "nodes"}
    assert all(placed.values())
