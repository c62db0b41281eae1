"""A package repository made of a folder of .deb files: what bare nodes install from, with no network but the lab's.

The flat form that apt reads (`deb [trusted=yes] file:/srv/packages ./`): a `Packages` index and a `Release` that
names its checksum.
"""

import hashlib
from email.utils import formatdate
from pathlib import Path

from sandbox.lab.host import run

INSIDE = "/srv/packages"
"""Where a node sees the repository, read-only."""

SOURCES_LIST = f"deb [trusted=yes] file:{INSIDE} ./\n"


def index(folder: Path) -> None:
    """Write the index files for the packages in a folder."""
    packages = "\n".join(_entry(package) for package in sorted(folder.glob("*.deb"))).encode()
    (folder / "Packages").write_bytes(packages)
    checksum = hashlib.sha256(packages).hexdigest()
    (folder / "Release").write_text(
        f"Origin: hacluster lab\nLabel: hacluster lab\nDate: {formatdate(usegmt=True)}\nSHA256:\n {checksum} {len(packages)} Packages\n"
    )


def _entry(package: Path) -> str:
    """A package's paragraph in the index: its own control fields, and where and what its file is."""
    control = run(["dpkg-deb", "--field", str(package)]).strip()
    with package.open("rb") as content:
        checksum = hashlib.file_digest(content, "sha256").hexdigest()
    return f"{control}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {checksum}\n"
