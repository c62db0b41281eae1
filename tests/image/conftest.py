"""The image, built once for all its tests, and nothing of it left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.buildah import PYTHON, Buildah, Image, base_archive

ROOT = Path(__file__).parents[2]
BASE = "localhost/hacluster-test-base"
IMAGE = "localhost/hacluster-test"
BUILD_WITHIN = 900.0


def _offline(folder: Path) -> tuple[str, ...]:
    """Return the volumes that let pip inside find the locked packages, fetched by the pip out here with its own settings."""
    wheels = folder / "wheels"
    for file in ("requirements.txt", "requirements-build.txt"):
        what = ("--require-hashes", "--no-deps", "--requirement", str(ROOT / file), "--dest", str(wheels))
        made_for = ("--only-binary", ":all:", "--python-version", PYTHON)
        subprocess.run((sys.executable, "-m", "pip", "download", "--quiet", *what, *made_for), check=True)
    (folder / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {wheels}\n")
    return (f"{folder}/pip.conf:/etc/pip.conf:ro", f"{wheels}:{wheels}:ro")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    folder = tmp_path_factory.mktemp("buildah")
    buildah = Buildah(folder)
    try:
        scratch = buildah.read("from", "scratch")
        buildah("add", "--quiet", scratch, str(base_archive()), "/", timeout=BUILD_WITHIN)
        buildah("commit", "--quiet", "--rm", scratch, BASE, timeout=BUILD_WITHIN)
        volumes = (word for volume in _offline(folder) for word in ("--volume", volume))
        where = ("--file", str(ROOT / "Dockerfile"), str(ROOT))
        # OCI's own image format has no health check
        how = ("--format", "docker", "--pull-never", "--build-arg", f"BASE={BASE}", "--tag", IMAGE)
        buildah("build", *how, *volumes, *where, timeout=BUILD_WITHIN)
        yield Image(buildah, IMAGE, buildah.read("from", "--pull-never", IMAGE))
    finally:
        buildah("rm", "--all", check=False)
        buildah("rmi", "--all", "--force", check=False)
        shutil.rmtree(folder)
