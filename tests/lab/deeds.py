"""Changes of a running cluster of three, in rounds that end where they began."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to type, and what must be so for it."""

    text: str
    before: str = ""
    """Done by hand on n1 beforehand."""
    holds: bool = True
    """Whether it leaves a state: asked for again, there is nothing to do. What only acts may be wanted twice."""
    off: str = ""
    """A node whose power goes beforehand."""
    on: str = ""
    """A node that is switched on afterwards."""
    after: str = ""
    """Done by hand on n1 afterwards."""


SETTLED = "crm_resource --wait --timeout=60"
FAIL = f"crm_resource --fail --resource d1 --node n3; sleep 1; {SETTLED}"
PIN = f"crm_resource -r d1 --move --node n3; {SETTLED}; crm_resource -r d1 --clear"
FENCED = (
    f"pcs stonith create fence-n1 fence_dummy pcmk_host_list=n1 && pcs property set stonith-enabled=true && {SETTLED}"
)
UNFENCED = f"pcs stonith delete fence-n1; pcs property set stonith-enabled=false; {SETTLED}"

ROUNDS: dict[str, tuple[Deed, ...]] = {
    "failover": (Deed("failover vip2 --to n1"), Deed("failback vip2")),
    "standby": (Deed("standby n1"), Deed("unstandby n1"), Deed("failback vip1")),
    "node": (Deed("failover n2 --to n3"), Deed("unstandby n2"), Deed("failback vip2")),
    "resource": (Deed("failover d1 --to n1", before=PIN), Deed("failover d1 --to n3")),
    "maintenance": (Deed("maintenance on"), Deed("maintenance off")),
    "one": (Deed("maintenance on n3"), Deed("maintenance off n3")),
    "stop": (Deed("stop --node n2"), Deed("start --node n2"), Deed("failback vip2")),
    "all": (Deed("stop"), Deed("start")),
    "boot": (Deed("disable"), Deed("enable")),
    "restart": (Deed("restart d1", holds=False),),
    "clear": (Deed("clear d1", before=f"crm_resource -r d1 --ban --node n2; {SETTLED}"),),
    "cleanup": (Deed("cleanup d1", before=f"{PIN}; {FAIL}"),),
    "mode": (
        Deed("failover-mode automatic --accept-split-brain"),
        Deed("failover-mode approved"),
        Deed("failback vip1"),
        Deed("failback vip2"),
    ),
    "vouch": (Deed("confirm-down n3 --reason off", before=FENCED, off="n3", on="n3", after=UNFENCED),),
}
