"""A workspace, nodes, and the real bot as a process of its own between them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.run.backing import Backing
from sandbox.run.visit import FAREWELL, first_visit, power_off
from sandbox.slack.front import Front, PanelButton
from sandbox.slack.refusal import Refused
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import ADA, DEMO, OLE, PAT, VIC

HAPROXY_FILES = Path(__file__).parent.parent / "haproxy"
HISTORY = ("channels:history", "groups:history")
CONNECT_WITHIN = 120.0
"""Seconds; the first start on a busy laptop compiles everything. A bot that ends by itself is not waited for."""
STOP_WITHIN = 30.0


class NotStarted(Exception):
    """The workspace or the bot did not start; the text says why, in words for a person."""


def setup_line(backing: Backing, name: str = "web") -> str:
    """Return the first command to type: it makes a cluster of all the nodes."""
    nodes = " ".join(f"{node}={address}" for node, address in backing.nodes.items())
    vips = " ".join(f"--vip {vip}" for vip in backing.vips)
    return f"/hacluster setup {name} {nodes} {vips} --fencing none --haproxy-cfg haproxy.cfg"


class Box:
    """The whole product in one place. `async with` starts it; the bot's settings and store live in a folder of their own."""

    def __init__(
        self,
        backing: Backing,
        *,
        port: int = 0,
        folder: Path | None = None,
        settings: Mapping[str, Mapping[str, object]] | None = None,
        secrets: Mapping[str, str] | None = None,
        paced: bool = False,
        history: bool = False,
        http: bool = False,
        control_port: int | None = None,
    ) -> None:
        """Build it. `settings` are further sections of the bot's settings file, such as `watch`.

        `secrets` are the files of its secrets folder, by name.

        Where `paced`, the workspace refuses an app that goes faster than Slack allows. With `history` the app may read
        its channels, which it need not: it then finds out itself whether a post of unknown fate is there. With `http`
        Slack calls the bot instead of being connected to. `control_port` is the workspace's.
        """
        self.backing = backing
        self._port = port
        self._settings = settings or {}
        self._secrets = secrets or {}
        scopes = (*DEMO.app.scopes, *HISTORY) if history else None
        self.workspace = Workspace(
            port=port, front=self._front(), paced=paced, scopes=scopes, control_port=control_port
        )
        self._http = http
        self.http_port = _free_port()
        self.bot: asyncio.subprocess.Process | None = None
        self._made = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="hacluster-sandbox-"))

    async def __aenter__(self) -> Self:
        """Start the workspace and the bot, and wait until they are connected. Raises `NotStarted`."""
        try:
            await self._open_workspace()
            self._write_settings()
            await self.start_bot()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def _open_workspace(self) -> None:
        try:
            await self.workspace.__aenter__()
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise NotStarted(
                f"the page cannot be at port {self._port} ({why}): choose another, as in PORT=8081"
            ) from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the bot in order, then the workspace. The nodes are whoever made them's to close."""
        await self.stop_bot()
        await self.workspace.__aexit__(kind, error, trace)
        if self._made:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def start_bot(self) -> None:
        """Start `hacluster serve` and wait for its connection. Raises `NotStarted` with its log if it does not come."""
        log = (self.folder / "bot.log").open("ab")
        with log:
            self.bot = await asyncio.create_subprocess_exec(
                str(self.hacluster), "serve", env=self.environment(), stdout=log, stderr=log, cwd=self.folder
            )
        try:
            await self._connected(self.bot)
        except TimeoutError:
            await self.stop_bot()
            raise NotStarted(f"the bot did not connect:\n{self.log()[-2000:]}") from None

    async def _connected(self, bot: asyncio.subprocess.Process) -> None:
        """Wait until the bot is there. Raises TimeoutError where it is not, or has ended."""
        there = asyncio.create_task(self._reached())
        ended = asyncio.create_task(bot.wait())
        try:
            await asyncio.wait({there, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not there.done():
                raise TimeoutError
            there.result()
        finally:
            there.cancel()
            ended.cancel()

    async def _reached(self) -> None:
        """Wait until the workspace and the bot have each other. Raises TimeoutError."""
        if not self._http:
            await self.workspace.wait_for(lambda: self.workspace.connected > 0, timeout=CONNECT_WITHIN)
            return
        async with asyncio.timeout(CONNECT_WITHIN):
            while True:
                try:
                    await self.workspace.use_http(f"http://127.0.0.1:{self.http_port}/slack/events")
                except Refused:
                    await asyncio.sleep(0.2)
                else:
                    return

    async def stop_bot(self) -> None:
        """Ask the bot to stop, and end it if it does not."""
        bot = self.bot
        if bot is None or bot.returncode is not None:
            return
        bot.terminate()
        try:
            await asyncio.wait_for(bot.wait(), STOP_WITHIN)
        except TimeoutError:
            bot.kill()
            await bot.wait()

    async def kill_bot(self) -> None:
        """End the bot with SIGKILL, as a crash would."""
        if self.bot is not None and self.bot.returncode is None:
            self.bot.kill()
            await self.bot.wait()

    def log(self) -> str:
        """Return what the bot wrote to its log so far."""
        return (self.folder / "bot.log").read_text(errors="replace")

    @property
    def hacluster(self) -> Path:
        """The console script of the environment that this runs in."""
        return Path(sys.executable).parent / "hacluster"

    def environment(self) -> Mapping[str, str]:
        """Return the environment for the bot, or for `hacluster run` beside it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HACLUSTER_")}
        return {
            **kept,
            "HACLUSTER_CONFIG": str(self.folder / "hacluster.toml"),
            "HACLUSTER_SLACK__BOT_TOKEN": self.workspace.bot_token,
            "HACLUSTER_SLACK__APP_TOKEN": self.workspace.app_token,
            "HACLUSTER_SLACK__SIGNING_SECRET": self.workspace.signing_secret,
        }

    def _write_settings(self) -> None:
        sections: dict[str, Mapping[str, object]] = {
            "slack": {
                "api_url": f"{self.workspace.url}/api/",
                "http_port": self.http_port,
                "mode": "http" if self._http else "socket",
            },
            "ssh": self.backing.ssh,
            "store": {"url": f"sqlite+aiosqlite:///{self.folder / 'hacluster.db'}"},
            **self._settings,
        }
        lines = [f"files_dir = {json.dumps(str(HAPROXY_FILES))}"]
        if self._secrets:
            lines.append(f"secrets_dir = {json.dumps(str(self._write_secrets()))}")
        for name, values in sections.items():
            lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
        for role, user in (("admin", ADA), ("operator", OLE), ("approver", PAT), ("viewer", VIC)):
            lines += ["[[policy.grants]]", f'role = "{role}"', f'users = ["{user.id}"]', 'clusters = ["*"]']
        (self.folder / "hacluster.toml").write_text("\n".join(lines) + "\n")

    def _write_secrets(self) -> Path:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, text in self._secrets.items():
            (folder / name).touch(0o600)
            (folder / name).write_text(text)
        return folder

    def _front(self) -> Front:
        first = setup_line(self.backing)
        guide = (
            first_visit(first, tuple(self.backing.nodes)) if self.backing.vips and len(self.backing.nodes) > 1 else ()
        )
        panel = [button for node in self.backing.nodes for button in self._node_buttons(node)]
        if panel:
            panel.append(PanelButton("Mend all networks", self._heal, "undoes every cut"))
        hints = (
            first,
            "/hacluster setup",
            "/hacluster status",
            "/hacluster members",
            "/hacluster failover vip2",
            "/hacluster help",
        )
        return Front(
            banner=self.backing.banner,
            hints=hints,
            panel=tuple(panel),
            panel_title="Power and network",
            guide=guide,
            farewell=FAREWELL,
        )

    async def _heal(self) -> str:
        await self.backing.heal()
        return "all networks are whole"

    def _node_buttons(self, node: str) -> tuple[PanelButton, ...]:
        async def off() -> str:
            await self.backing.power_off(node)
            return f"{node} is off"

        async def on() -> str:
            await self.backing.power_on(node)
            return f"{node} is on"

        async def cut() -> str:
            await self.backing.cut(node)
            return f"{node} is cut off the others and the bot"

        about = f"{node}, {self.backing.nodes[node]}"
        return (
            PanelButton(power_off(node), off, about, "danger"),
            PanelButton(f"Power on {node}", on, about),
            PanelButton(f"Cut {node}'s network", cut, about, "danger"),
        )


def _toml(value: object) -> str:
    """Write a value as TOML: for texts and numbers it is JSON's form."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return json.dumps(value)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
