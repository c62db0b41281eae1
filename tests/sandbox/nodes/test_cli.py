"""What `python -m sandbox nodes` tells is what a bot needs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config.sections import SshSettings
from sandbox.nodes import cli
from sandbox.run.simulated import SimulatedBacking


async def test_the_printed_settings_are_the_bots_own() -> None:
    backing = await SimulatedBacking.up(("n1", "n2"))
    try:
        told = tomllib.loads(cli.settings(backing.network))

        found = SshSettings.model_validate(told["ssh"])
        assert set(found.connect_to) == {"10.77.0.11", "10.77.0.12"}
        assert {host for host, _ in found.connect_to.values()} == {"127.0.0.1"}
        assert found == SshSettings.model_validate(dict(backing.ssh))
        assert (Path(told["files_dir"]) / "haproxy.cfg").is_file()
        assert "n1=10.77.0.11 n2=10.77.0.12" in cli.described(backing.network)
    finally:
        await backing.close()


@pytest.mark.parametrize("names", ["n1,n1", "n1,", "n1,N 2", ",".join(f"n{number}" for number in range(100))])
def test_names_that_no_hosts_have_are_refused(names: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--nodes", names])

    assert "different host names" in capsys.readouterr().err
