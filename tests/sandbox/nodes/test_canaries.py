"""Secrets used in a setup are found nowhere but where they belong: all that the bot says, writes and runs is searched."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.nodes.clock import WallClock
from sandbox.run.box import Box, setup_line
from sandbox.run.simulated import SimulatedBacking
from tests.lab.conftest import Person

pytestmark = pytest.mark.timeout(240)
SPEED = 4.0
PASSWORD, FENCE, TYPED = "canary-$hacluster'password", 'canary-fence "password"', "canary-typed-in-the-open"
STORED = ("hacluster.db", "hacluster.db-wal")


class BoxWithSecrets(Box):
    """The product with a folder of secrets."""

    def _write_settings(self) -> None:
        super()._write_settings()
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700)
        for name, text in (("hacluster_password", PASSWORD), ("ipmi", FENCE)):
            (secrets / name).touch(0o600)
            (secrets / name).write_text(text)
        settings = self.folder / "hacluster.toml"
        settings.write_text(f"secrets_dir = {json.dumps(str(secrets))}\n{settings.read_text()}")


def forms(secret: str) -> Iterator[str]:
    """Give the ways in which a text may be written down."""
    yield from {secret, shlex.quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.replace("'", "'\\''")}


async def test_no_secret_of_a_setup_is_told_logged_stored_exported_or_seen_in_a_list_of_processes() -> None:
    backing = await SimulatedBacking.up(("n1", "n2"), WallClock(SPEED))
    try:
        async with BoxWithSecrets(backing) as box:
            ada = Person(box)
            line = setup_line(backing).replace(
                "--fencing none",
                "--fencing fence_ipmilan --fence-option username=fencer --fence-option password=secret:ipmi",
            )
            refused = await ada.ask(line.replace("secret:ipmi", TYPED))
            assert "looks like a secret" in refused.text
            ended = await ada.do(line)
            assert "done and verified" in ended, ended + box.log()[-3000:]
            assert "done and verified" in await ada.do("/hacluster auth --new-password")
            exported = exports(box)
            key, argv = private_key(backing), own_argv(box)
            places = {
                "what Slack was sent": repr(box.workspace.calls).encode(),
                "the log": box.log().encode(),
                "the audit's export": exported.encode(),
                "the nodes' lists of processes": "\n".join(backing.world.lines).encode(),
                "the bot's own argv": argv,
                **{
                    f"the store's {name}": (box.folder / name).read_bytes()
                    for name in STORED
                    if (box.folder / name).exists()
                },
            }
            tokens = {"the bot's token": box.workspace.bot_token, "the app's token": box.workspace.app_token}
    finally:
        await backing.close()
    # what is searched holds what was done, so that nothing found means something
    for place in (
        "what Slack was sent",
        "the audit's export",
        "the nodes' lists of processes",
        "the store's hacluster.db-wal",
    ):
        assert b"pcs" in places[place], place
    entries = [json.loads(one) for one in exported.splitlines() if one.lstrip().startswith("{")]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1)), "no line of it is broken"
    assert {"refused", "planned", "command", "command ended", "outcome"} <= {entry["kind"] for entry in entries}
    assert b"chpasswd" in places["the nodes' lists of processes"]
    secrets = {"the password": PASSWORD, "the fence device's": FENCE, "one typed": TYPED, "the SSH key": key, **tokens}
    found = [
        (name, place)
        for name, secret in secrets.items()
        for place, said in places.items()
        if any(form.encode() in said for form in forms(secret))
    ]
    assert found == []


def private_key(backing: SimulatedBacking) -> str:
    """Return a line of the key that the bot logs in with."""
    return Path(str(backing.network.keys.client)).read_text().splitlines()[1]


def own_argv(box: Box) -> bytes:
    """Return the bot's command line, as everybody on its machine can read it."""
    assert box.bot is not None
    return Path(f"/proc/{box.bot.pid}/cmdline").read_bytes()


def exports(box: Box) -> str:
    """Return the audit as an admin at the terminal gets it."""
    done = subprocess.run(
        [str(box.hacluster), "run", "audit", "export"],
        env=dict(box.environment()), cwd=box.folder, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout
