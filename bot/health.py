"""Asking the running bot how it is, as its supervisor would: for the image's health check, by the bot's own settings."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

from config.sections import SlackSettings

PATIENCE = 4.0
"""Seconds; the image's health check is given up after ten, of which the start of Python takes one."""
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def address(slack: SlackSettings) -> str:
    """Return where `/healthz` is, seen from the machine that the bot runs on."""
    host = _EVERYWHERE.get(slack.http_host, slack.http_host)
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{slack.http_port}/healthz"


def ask(where: str) -> tuple[bool, str]:
    """Return whether the bot says that it works, and its words, or why there are none."""
    # not through a proxy: it is our own machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(where, timeout=PATIENCE) as answer:
            return True, _words(answer.read(4096))
    except urllib.error.HTTPError as refused:
        with refused:
            return False, _words(refused.read(4096))
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer at {where}: {getattr(error, 'reason', error)}"


def _words(body: bytes) -> str:
    return body.decode(errors="replace")
