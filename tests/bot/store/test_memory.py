"""Clusters, host keys and requests seen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from ipaddress import ip_address

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import Store
from bot.store.tables import clusters
from commands.errors import HaclusterError
from config.inventory import ClusterSpec, FencingSpec, NodeSpec, VipSpec
from tests.bot.store.conftest import NOW

ALICE = "T0HOME:U0ALICE"
WEB = ClusterSpec(
    name="web",
    nodes=(
        NodeSpec(name="n1", addresses=(ip_address("10.0.0.1"), ip_address("fd00::1"))),
        NodeSpec(name="n2", addresses=(ip_address("10.0.0.2"), ip_address("fd00::2"))),
    ),
    vips=(VipSpec.parse("10.0.0.10/24@eth0"), VipSpec.parse("fd00::10/64")),
    fencing=FencingSpec(agent="fence_virt", options={"password": "secret:virt"}, per_node={"n1": {"plug": "one"}}),
    failover="automatic",
    haproxy_cfg="web.cfg",
    channels=("C0OPS",),
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"
FINGERPRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


class TestClusters:
    async def test_a_cluster_comes_back_whole(self, store: Store) -> None:
        await store.declare(WEB, ALICE, NOW)
        assert await store.declared() == (WEB,)

    async def test_declaring_again_replaces(self, store: Store) -> None:
        await store.declare(WEB, ALICE, NOW)
        changed = WEB.model_copy(update={"failover": "approved"})
        await store.declare(changed, ALICE, NOW)
        assert await store.declared() == (changed,)

    async def test_forgetting_says_whether_it_was_there(self, store: Store) -> None:
        await store.declare(WEB, ALICE, NOW)
        assert await store.forget("web")
        assert not await store.forget("web")
        assert await store.declared() == ()

    async def test_one_that_cannot_be_read_is_an_error_not_an_absence(self, store: Store, url: str) -> None:
        await store.declare(WEB, ALICE, NOW)
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(update(clusters).values(spec='{"name": "web"}'))
        await engine.dispose()
        with pytest.raises(HaclusterError, match="stored cluster web cannot be read"):
            await store.declared()


class TestHostKeys:
    async def test_trust_stores_exactly_the_key_that_was_offered(self, store: Store) -> None:
        await store.offer("o1", "n1", "10.0.0.1", 22, KEY, FINGERPRINT, NOW)
        offer = await store.offered("o1")
        assert offer is not None
        assert (offer.node, offer.key, offer.fingerprint, offer.offered) == ("n1", KEY, FINGERPRINT, NOW)
        assert await store.trusted("10.0.0.1", 22) == ()
        await store.trust(offer.address, offer.port, offer.key, offer.fingerprint, ALICE, NOW)
        assert await store.trusted("10.0.0.1", 22) == (KEY,)

    async def test_a_key_that_is_offered_again_keeps_its_id(self, store: Store) -> None:
        assert await store.offer("o1", "n1", "10.0.0.1", 22, KEY, FINGERPRINT, NOW) == "o1"
        assert await store.offer("o2", "n1", "10.0.0.1", 22, KEY, FINGERPRINT, NOW) == "o1"
        assert await store.offered("o2") is None
        assert await store.offer("o3", "n1", "10.0.0.1", 22, "ssh-rsa AAAA", "SHA256:other", NOW) == "o3"
        assert await store.offer("o4", "n1", "10.0.0.1", 2222, KEY, FINGERPRINT, NOW) == "o4"

    async def test_an_offer_that_was_never_made_is_none(self, store: Store) -> None:
        assert await store.offered("forged") is None

    async def test_a_key_is_trusted_for_its_address_and_port_only(self, store: Store) -> None:
        await store.trust("10.0.0.1", 22, KEY, FINGERPRINT, ALICE, NOW)
        assert await store.trusted("10.0.0.2", 22) == ()
        assert await store.trusted("10.0.0.1", 2222) == ()

    async def test_an_address_may_have_several_keys_and_each_is_kept_once(self, store: Store) -> None:
        await store.trust("10.0.0.1", 22, KEY, FINGERPRINT, ALICE, NOW)
        await store.trust("10.0.0.1", 22, "ssh-rsa AAAA", "SHA256:other", ALICE, NOW + timedelta(days=1))
        await store.trust("10.0.0.1", 22, KEY, FINGERPRINT, ALICE, NOW + timedelta(days=2))
        assert await store.trusted("10.0.0.1", 22) == (KEY, "ssh-rsa AAAA")


class TestSeen:
    async def test_a_key_is_new_once(self, store: Store) -> None:
        assert await store.first_time("trigger", NOW)
        assert not await store.first_time("trigger", NOW)
        assert await store.first_time("another", NOW)

    async def test_of_one_request_delivered_many_times_to_two_replicas_one_counts(
        self, store: Store, other: Store
    ) -> None:
        deliveries = [replica.first_time("trigger", NOW) for replica in (store, other) * 10]
        assert sum(await asyncio.gather(*deliveries)) == 1

    async def test_a_key_is_forgotten_after_a_day(self, store: Store) -> None:
        await store.first_time("trigger", NOW)
        assert not await store.first_time("trigger", NOW + timedelta(hours=23))
        assert await store.first_time("trigger", NOW + timedelta(hours=25))
