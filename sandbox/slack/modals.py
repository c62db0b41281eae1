"""What people do with a modal as a whole: submit it, close it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.delivery import INTERACTION, Deliveries
from sandbox.slack.done import Done, done
from sandbox.slack.inputs import client_complaints, state_values
from sandbox.slack.methods.views import changed_view, new_view
from sandbox.slack.payloads import envelope_of_interaction, view_payload
from sandbox.slack.records import Reply, View
from sandbox.slack.refusal import Refused
from sandbox.slack.site import Site
from sandbox.slack.view_rules import check_view
from sandbox.slack.world import User

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack's client shows in a modal whose submission the app did not acknowledge properly."""


class Modals:
    """Sends view_submission and view_closed, and does what the app's acknowledgement asks for."""

    def __init__(self, site: Site, deliveries: Deliveries) -> None:
        """Act in `site`."""
        self._site = site
        self._store = site.store
        self._deliveries = deliveries

    async def submit(self, user: User, view: View, entered: Mapping[str, Any]) -> Done:
        """Submit a modal; the app may answer with field errors, another view, or nothing, which closes it."""
        values = state_values(view.blocks, entered)
        complaints = client_complaints(view.blocks, values)
        if complaints:
            return Done(delivered=False, errors=complaints)
        payload = {
            **envelope_of_interaction(self._site.world, self._site.credentials, "view_submission", user),
            "trigger_id": self._site.triggers.issue(user.id, view.id),
            "view": view_payload(self._site.world, view, values),
            "response_urls": [],
        }
        reply = await self._deliveries.send(INTERACTION, payload)
        if not reply.acked:
            return done(reply, notice=TROUBLE)
        return self._after_submission(user, view, reply)

    def _after_submission(self, user: User, view: View, reply: Reply) -> Done:
        body = reply.body or {}
        action = body.get("response_action")
        try:
            match action:
                case "errors":
                    return done(reply, errors=_field_errors(view, body.get("errors")))
                case "update":
                    checked = check_view(body.get("view"), "modal")
                    self._store.keep_view(changed_view(self._store, view, checked))
                case "push":
                    checked = check_view(body.get("view"), "modal")
                    self._store.push_modal(new_view(self._store, user.id, checked, on=view))
                case "clear":
                    self._store.close_modal(user.id, whole_stack=True)
                case None:
                    self._store.close_modal(user.id)
                case _:
                    return done(reply, notice=TROUBLE)
        except Refused as refused:
            return done(reply, notice=f"{TROUBLE} ({refused.code}: {'; '.join(refused.messages)})")
        return done(reply)

    async def close(self, user: User, view: View) -> Done:
        """Close a modal by its X or its close button; the app hears of it where the view asked to."""
        clearing = bool(view.body.get("clear_on_close"))
        closed = self._store.close_modal(user.id, whole_stack=clearing)
        outcome = Done(delivered=False)
        for gone in closed:
            if gone.body.get("notify_on_close"):
                payload = {
                    **envelope_of_interaction(self._site.world, self._site.credentials, "view_closed", user),
                    "view": view_payload(self._site.world, gone),
                    "is_cleared": clearing,
                }
                outcome = done(await self._deliveries.send(INTERACTION, payload))
        return outcome


def _field_errors(view: View, errors: Any) -> dict[str, str]:
    """The app's field errors; Slack's client cannot show one for a block that is no input of this view."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refused("invalid_arguments", ["[ERROR] errors must name input blocks of the view"])
    return {str(block_id): str(words) for block_id, words in errors.items()}
