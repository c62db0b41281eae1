"""views.*: modals and the Home tab."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.slack.methods.call import Call, Method
from sandbox.slack.payloads import view_payload, with_ids
from sandbox.slack.records import View
from sandbox.slack.refusal import Refused, invalid_arguments
from sandbox.slack.store import Store, new_id
from sandbox.slack.view_rules import check_view
from sandbox.slack.wire import Json


def new_hash(store: Store) -> str:
    """The version mark of a view."""
    return f"{int(store.clock())}.{secrets.token_hex(4)}"


def new_view(store: Store, user: str, body: Json, on: View | None = None) -> View:
    """A view made of a checked body, the root of its stack or laid on another."""
    view_id = new_id("V")
    return View(
        id=view_id,
        user=user,
        body={**body, "blocks": list(with_ids(body["blocks"]))},
        hash=new_hash(store),
        root_id=on.root_id if on else view_id,
        previous_id=on.id if on else None,
    )


def changed_view(store: Store, view: View, body: Json) -> View:
    """The same view with another body."""
    return View(
        id=view.id,
        user=view.user,
        body={**body, "blocks": list(with_ids(body["blocks"]))},
        hash=new_hash(store),
        root_id=view.root_id,
        previous_id=view.previous_id,
    )


async def open_view(call: Call) -> Json:
    """Open a modal in front of the person whose trigger this is."""
    body = _body(call, "modal")
    trigger_id = call.arguments.required("trigger_id")
    trigger = call.site.triggers.check(trigger_id)
    view = new_view(call.store, trigger.user, body)
    call.site.triggers.use(trigger_id)
    call.store.open_modal(view)
    return {"view": view_payload(call.site.world, view)}


async def push(call: Call) -> Json:
    """Lay a view on the modal the trigger came from."""
    body = _body(call, "modal")
    trigger_id = call.arguments.required("trigger_id")
    trigger = call.site.triggers.check(trigger_id)
    top = call.store.modal(trigger.user)
    if trigger.view is None or top is None:
        raise Refused("not_found")
    view = new_view(call.store, trigger.user, body, on=top)
    call.store.push_modal(view)
    call.site.triggers.use(trigger_id)
    return {"view": view_payload(call.site.world, view)}


async def update(call: Call) -> Json:
    """Replace a view that is still open; with `hash`, only if nobody has changed it since."""
    view = _existing(call)
    body = _body(call, view.type, updating=view)
    if "hash" in call.arguments and call.arguments.text("hash") != view.hash:
        raise Refused("hash_conflict")
    changed = changed_view(call.store, view, body)
    call.store.keep_view(changed)
    return {"view": view_payload(call.site.world, changed)}


async def publish(call: Call) -> Json:
    """Set someone's Home tab."""
    user = call.user("user_id")
    body = _body(call, "home")
    current = call.store.homes.get(user.id)
    if current is None:
        view = new_view(call.store, user.id, body)
    else:
        before = call.store.views[current]
        if "hash" in call.arguments and call.arguments.text("hash") != before.hash:
            raise Refused("hash_conflict")
        view = changed_view(call.store, before, body)
    call.store.keep_view(view)
    return {"view": view_payload(call.site.world, view)}


def _existing(call: Call) -> View:
    view_id, external_id = call.arguments.text("view_id"), call.arguments.text("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id or external_id")
    for view in call.store.views.values():
        if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
            return view
    raise Refused("not_found")


def _body(call: Call, kind: str, updating: View | None = None) -> Json:
    body: Any = call.arguments.structure("view")
    if body is None:
        raise invalid_arguments("missing required field: view")
    taken = {
        view.body["external_id"]
        for view in call.store.views.values()
        if view.body.get("external_id") and view is not updating
    }
    return check_view(body, kind, taken_external_ids=taken)


METHODS = (
    Method("views.open", open_view),
    Method("views.push", push),
    Method("views.update", update),
    Method("views.publish", publish),
)
