"""cat, cp, find, mv, rm and install, on a machine's few files."""

from __future__ import annotations

from dataclasses import replace

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.machine import File
from sandbox.nodes.tools.words import option

_WITH_VALUE = frozenset({"-m", "-o", "-g", "-t"})


def _missing(tool: str, path: str) -> Answer:
    return Answer(status=1, stderr=f"{tool}: {path}: No such file or directory\n")


def _paths(call: Call) -> list[str]:
    paths: list[str] = []
    skip = False
    for word in call.args:
        if skip or word in _WITH_VALUE:
            skip = not skip
        elif not word.startswith("-"):
            paths.append(word)
    return paths


async def cat(call: Call) -> Answer:
    """Print files."""
    await call.takes(0.005)
    printed = []
    for path in _paths(call):
        text = call.machine.read(path)
        if text is None:
            return _missing("cat", path)
        printed.append(text)
    return Answer("".join(printed))


async def cp(call: Call) -> Answer:
    """Copy a file."""
    return await _to(call, "cp", keep=True)


async def find(call: Call) -> Answer:
    """Print the names of the files in a folder that begin as a pattern does: `find FOLDER … -name PATTERN …`."""
    await call.takes(0.005)
    beginning = f"{call.args[0]}/{(option(call.args, '-name') or '').rstrip('*')}"
    found = (path.rpartition("/")[2] for path in sorted(call.machine.files) if path.startswith(beginning))
    return Answer("".join(f"{name}\n" for name in found))


async def mv(call: Call) -> Answer:
    """Rename a file."""
    return await _to(call, "mv", keep=False)


async def _to(call: Call, tool: str, *, keep: bool) -> Answer:
    await call.takes(0.005)
    source, target = _paths(call)
    if source not in call.machine.files:
        return Answer(status=1, stderr=f"{tool}: cannot stat '{source}': No such file or directory\n")
    file = call.machine.files[source]
    call.machine.files[target] = replace(file)
    if not keep:
        del call.machine.files[source]
    return Answer()


async def rm(call: Call) -> Answer:
    """Remove files."""
    await call.takes(0.005)
    for path in _paths(call):
        if call.machine.files.pop(path, None) is None and "-f" not in call.args:
            return Answer(status=1, stderr=f"rm: cannot remove '{path}': No such file or directory\n")
    return Answer()


async def install(call: Call) -> Answer:
    """Put standard input into a file, with its permissions and owner."""
    await call.takes(0.01)
    source, target = _paths(call)
    if source != "/dev/stdin":
        return Answer(status=1, stderr=f"install: the model takes /dev/stdin only, not '{source}'\n")
    user, group = option(call.args, "-o") or "root", option(call.args, "-g") or "root"
    call.machine.files[target] = File(call.stdin, option(call.args, "-m") or "755", f"{user}:{group}")
    return Answer()
