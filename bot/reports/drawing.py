"""Have timelines drawn by a process of its own: matplotlib takes a core for a second, and the bot goes on meanwhile.

The process gets the timelines on standard input and nothing else: no setting, no secret, an environment without the
bot's. It ends when it has drawn, and its memory with it.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import tempfile
from collections.abc import Sequence

from pydantic import TypeAdapter

from bot.reports.timeline import Timeline
from commands.errors import HaclusterError

WITHIN = 60.0
"""Seconds that drawing may take. It takes about one, and half a one more per picture."""
_TIMELINES = TypeAdapter(list[Timeline])
_PICTURES = TypeAdapter(list[str])
# -P: the working directory is the operator's, and no place to import from
_PROGRAM = (sys.executable, "-P", "-m", "bot.reports.draw")


class NotDrawn(HaclusterError):
    """There is no picture. A report says so and does without."""


async def draw_aside(timelines: Sequence[Timeline], *, within: float = WITHIN) -> tuple[bytes, ...]:
    """Return a PNG for each timeline. Raises `NotDrawn`."""
    if not timelines:
        return ()
    with tempfile.TemporaryDirectory(prefix="hacluster-drawing-") as folder:
        process = await asyncio.create_subprocess_exec(
            *_PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # where matplotlib keeps its list of fonts: else it wants a home
            env={"MPLCONFIGDIR": folder},
        )
        try:
            async with asyncio.timeout(within):
                drawn, said = await process.communicate(_TIMELINES.dump_json(list(timelines)))
        except TimeoutError:
            raise NotDrawn(f"drawing took longer than {within:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise NotDrawn(f"drawing failed: {last[:200] or f'exit {process.returncode}'}")
    return tuple(base64.b64decode(picture) for picture in _PICTURES.validate_json(drawn))
