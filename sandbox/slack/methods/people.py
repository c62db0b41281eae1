"""auth.*, users.*, usergroups.*, bots.*: who is who."""

from __future__ import annotations

from sandbox.slack.methods.call import Call, Method, page
from sandbox.slack.payloads import group_payload, user_payload
from sandbox.slack.refusal import Refused
from sandbox.slack.wire import Json


async def auth_test(call: Call) -> Json:
    """Whose token this is."""
    world = call.site.world
    return {
        "url": f"{call.site.url}/",
        "team": world.team.name,
        "user": call.bot.name,
        "team_id": world.team.id,
        "user_id": call.bot.id,
        "bot_id": world.app.bot_id,
        "is_enterprise_install": False,
    }


async def users_info(call: Call) -> Json:
    """One person."""
    return {"user": user_payload(call.site.world, call.user())}


async def users_list(call: Call) -> Json:
    """Everyone."""
    members, metadata = page([user_payload(call.site.world, user) for user in call.store.users.values()], call)
    return {"members": members, "cache_ts": int(call.store.clock()), "response_metadata": metadata}


async def usergroups_list(call: Call) -> Json:
    """All user groups, with their members where `include_users` asks for them."""
    groups = [group_payload(call.site.world, group) for group in call.store.groups.values()]
    if not call.arguments.flag("include_users"):
        for group in groups:
            del group["users"]
    return {"usergroups": groups}


async def usergroups_users_list(call: Call) -> Json:
    """Who is in a user group."""
    group = call.store.groups.get(call.arguments.required("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.users)}


async def bots_info(call: Call) -> Json:
    """The bot behind a bot_id."""
    app = call.site.world.app
    if call.arguments.text("bot", app.bot_id) != app.bot_id:
        raise Refused("bot_not_found")
    bot = {"id": app.bot_id, "deleted": False, "name": app.bot_user.name, "app_id": app.id, "user_id": app.bot_user.id}
    return {"bot": bot}


METHODS = (
    Method("auth.test", auth_test),
    Method("users.info", users_info, ("users:read",)),
    Method("users.list", users_list, ("users:read",)),
    Method("usergroups.list", usergroups_list, ("usergroups:read",)),
    Method("usergroups.users.list", usergroups_users_list, ("usergroups:read",)),
    Method("bots.info", bots_info, ("users:read",)),
)
