"""The Web API over HTTP: who calls, may they, what do they get. Also the upload and response URLs it hands out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from sandbox.slack.arguments import Arguments
from sandbox.slack.changes import Change
from sandbox.slack.faults import ErrorPage, Fault, LateReply, LostReply, LostRequest, RateLimit, Refusal
from sandbox.slack.methods import METHODS
from sandbox.slack.methods.call import Call, Method
from sandbox.slack.records import ApiCall
from sandbox.slack.refusal import Refused
from sandbox.slack.responses import Responses
from sandbox.slack.site import Site
from sandbox.slack.wire import Json

MAX_BODY = 64 * 1024 * 1024
"""Bytes of the largest upload taken."""


class WebApi:
    """The routes an app calls."""

    def __init__(self, site: Site, responses: Responses) -> None:
        """Serve `site`; posts to response URLs go to `responses`."""
        self._site = site
        self._responses = responses

    def routes(self) -> list[web.RouteDef]:
        """What to mount."""
        return [
            web.route("*", "/api/{method}", self._call),
            web.post("/upload/v1/{file}/{key}", self._upload),
            web.post("/response/{key}", self._respond),
        ]

    async def _call(self, request: web.Request) -> web.Response:
        """Answer a call, or let happen to it what was asked for."""
        name = request.match_info["method"]
        arguments: Arguments | Refused
        try:
            arguments = await Arguments.of(request)
            channel = arguments.text("channel") or arguments.text("channel_id")
        except Refused as unreadable:
            arguments, channel = unreadable, ""
        fault = self._site.faults.take(name, channel)
        if isinstance(fault, LostRequest):
            return _cut(request)
        if isinstance(fault, ErrorPage):
            return web.Response(status=fault.status, text="<html>Trouble</html>", content_type="text/html")
        answer = await self._handled(name, request, arguments, fault)
        if isinstance(fault, LateReply):
            await asyncio.sleep(fault.seconds)
        return _cut(request) if isinstance(fault, LostReply) else answer

    async def _handled(
        self, name: str, request: web.Request, given: Arguments | Refused, fault: Fault | None
    ) -> web.Response:
        """Do what is asked, or refuse it, and note the call."""
        arguments = given if isinstance(given, Arguments) else Arguments({})
        method: Method | None = None
        try:
            if isinstance(given, Refused):
                raise given
            method = METHODS.get(name)
            if method is None:
                raise Refused("unknown_method", req_method=name)  # noqa: TRY301 - one place answers refusals
            self._authorise(method, request, arguments)
            fault = fault or self._too_fast(name, arguments)
            _hinder(fault)
            answer: Json = {"ok": True, **await method.answer(Call(self._site, arguments))}
        except Refused as refused:
            answer = refused.payload()
        self._site.calls.append(ApiCall(name, arguments.as_dict(), answer, self._site.store.clock()))
        self._site.store.changes.publish(Change("call", {"method": name, "ok": answer["ok"]}))
        headers = {}
        if method is not None and answer.get("error") not in ("not_authed", "invalid_auth"):
            headers["x-oauth-scopes"] = ",".join(self._granted(method))
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        if isinstance(fault, RateLimit):
            return web.json_response(answer, status=429, headers={**headers, "Retry-After": str(fault.retry_after)})
        return web.json_response(answer, headers=headers)

    def _too_fast(self, method: str, arguments: Arguments) -> RateLimit | None:
        wait = self._site.pace.wait(method, arguments.text("channel")) if self._site.pace else None
        return None if wait is None else RateLimit(wait)

    def _granted(self, method: Method) -> tuple[str, ...]:
        return self._site.scopes if method.token == "bot" else ("connections:write",)  # noqa: S105

    def _authorise(self, method: Method, request: web.Request, arguments: Arguments) -> None:
        credentials = self._site.credentials
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else arguments.text("token")
        if not token:
            raise Refused("not_authed")
        kind = {credentials.bot_token: "bot", credentials.app_token: "app"}.get(token)
        if kind is None:
            raise Refused("invalid_auth")
        if kind in self._site.revoked:
            raise Refused(self._site.revoked[kind])
        if kind != method.token:
            raise Refused("not_allowed_token_type")
        if method.scopes:
            Call(self._site, arguments).need_scope(*method.scopes)

    async def _upload(self, request: web.Request) -> web.Response:
        """Bytes for a file, raw as the SDK sends them or as a form's file."""
        file = self._site.store.files.get(request.match_info["file"])
        if file is None or file.upload_key != request.match_info["key"]:
            return web.Response(status=404, text="not found")
        content = await _content(request)
        if len(content) != file.size:
            return web.Response(status=400, text=f"length mismatch: {file.size} announced, {len(content)} received")
        self._site.store.keep_file(replace(file, content=content))
        return web.Response(text=f"OK - {len(content)}")

    async def _respond(self, request: web.Request) -> web.Response:
        """A post to a response_url: `ok`, or 404 once it is used up or too old."""
        try:
            origin = self._site.response_urls.use(request.match_info["key"])
        except Refused as refused:
            return web.json_response(refused.payload(), status=404)
        try:
            self._responses.take(origin, (await Arguments.of(request)))
        except Refused as refused:
            return web.json_response(refused.payload(), status=400)
        return web.Response(text="ok")


def _hinder(fault: Fault | None) -> None:
    """Refuse where a fault says so."""
    if isinstance(fault, RateLimit):
        raise Refused("ratelimited")
    if isinstance(fault, Refusal):
        raise Refused(fault.code)


def _cut(request: web.Request) -> web.Response:
    """Break the connection; the answer goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _content(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    async for part in await request.multipart():
        if getattr(part, "filename", None):
            return bytes(await part.read())  # type: ignore[union-attr]
    return b""
