"""Several mistakes at once: each is told, wherever the others are, and none is told twice."""

from __future__ import annotations

import operator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import ConfigurationProblems, load_settings
from tests.config.conftest import Problems

Mistake = tuple[tuple[str, ...], Any, tuple[str, ...]]

MISTAKES: tuple[Mistake, ...] = (
    (("slak",), {}, ("slak",)),
    (("slack", "api_url"), "slack", ("slack.api_url",)),
    (("slack", "bot_token"), "xoxb-1234", ("slack.app_token",)),
    (("log", "level"), "loud", ("log.level",)),
    (("ssh", "port"), "many", ("ssh.port",)),
    (("clusters", "db", "nodes", "d1"), "192.0.2.1", ("clusters.db.nodes.d1",)),
    (("clusters", "db", "nodes", "d2"), "10.0.0.1", ("clusters.db.nodes.d2",)),
    (("clusters", "db", "vips"), ["10.0.0.10/24"], ("clusters.db.vips[0]",)),
    (("clusters", "db", "chanels"), [], ("clusters.db.chanels",)),
    (
        ("clusters", "web", "fencing"),
        {"agent": "fence_x", "per_node": {"x": {}, "y": {}}},
        ("clusters.web.fencing.per_node.x", "clusters.web.fencing.per_node.y"),
    ),
)
"""Where something is written, what, and the keys that it is told by."""


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(MISTAKES), min_size=1, unique_by=lambda mistake: mistake[0]))
def test_no_mistake_hides_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistakes: list[Mistake]) -> None:
    monkeypatch.chdir(tmp_path)
    written: dict[str, Any] = {
        "slack": {},
        "log": {},
        "ssh": {},
        "clusters": {
            "web": {"nodes": {"n1": "10.0.0.1"}, "vips": ["10.0.0.10/24"], "fencing": "none"},
            "db": {"nodes": {"d0": "10.9.0.1"}, "fencing": "none"},
        },
    }
    for (*tables, last), value, _ in mistakes:
        reduce(operator.getitem, tables, written)[last] = value
    with pytest.raises(ConfigurationProblems) as refused:
        load_settings(environ={}, env_file=tmp_path / ".env", default_secrets=tmp_path / "secrets", **written)
    told = [problem.key for problem in refused.value.problems]
    assert sorted(told) == sorted(key for _, _, keys in mistakes for key in keys)


def test_a_misspelt_key_is_not_missing_too(problems: Problems) -> None:
    found = problems(
        """
        [slack]
        bot_token = "xoxb-1234"
        app_tokn = "xapp-1234"
        [ssh]
        allowed_netwroks = ["192.0.2.0/24"]
        [clusters.web]
        nodes = { n1 = "192.0.2.1" }
        fencing = "none"
        """
    )
    assert found.keys() == {"slack.app_tokn", "ssh.allowed_netwroks"}
