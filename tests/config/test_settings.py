"""What settings accept, and how they refuse: everything at once, each with its key and the right form."""

from __future__ import annotations

import traceback
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.settings import ConfigurationProblems, Settings
from tests.config.conftest import Load, Problems

WEB = """
[clusters.web]
nodes = { n1 = "10.0.0.1", n2 = ["10.0.0.2"] }
vips = ["10.0.0.10/24@eth0", "fd00::10/64"]
failover = "automatic"
haproxy_cfg = "web.cfg"
channels = ["C024BE91L"]
[clusters.web.fencing]
agent = "fence_virt"
options = { password = "secret:virt" }
per_node = { n1 = { plug = "one" } }
"""


def test_a_cluster_is_read_from_its_table(load: Load) -> None:
    (web,) = load(WEB).clusters
    assert web.name == "web"
    assert [(node.name, str(node.address)) for node in web.nodes] == [("n1", "10.0.0.1"), ("n2", "10.0.0.2")]
    assert [str(vip) for vip in web.vips] == ["10.0.0.10/24@eth0", "fd00::10/64"]
    assert (web.failover, web.haproxy_cfg, web.channels) == ("automatic", "web.cfg", ("C024BE91L",))
    assert web.fencing is not None
    assert web.fencing.per_node == {"n1": {"plug": "one"}}


def test_a_node_with_two_addresses_keeps_their_order(load: Load) -> None:
    (web,) = load('[clusters.web]\nnodes = { n1 = ["10.1.0.1", "10.0.0.1"] }\nfencing = "none"').clusters
    assert [str(address) for address in web.nodes[0].addresses] == ["10.1.0.1", "10.0.0.1"]


@pytest.mark.parametrize(
    ("said", "agent", "failover"),
    [
        ('fencing = "none"', None, "approved"),
        ('fencing = { agent = "fence_x" }', "fence_x", "automatic"),
        ('fencing = { agent = "fence_x", kept = ["ipmi-n1"] }', "fence_x", "automatic"),
        ('fencing = { agent = "fence_x" }\nfailover = "approved"', "fence_x", "approved"),
        ('fencing = "none"\nfailover = "automatic"', None, "automatic"),
    ],
)
def test_fencing_is_said_and_decides_who_moves_floating_ips_unless_that_is_said_too(
    load: Load, said: str, agent: str | None, failover: str
) -> None:
    (web,) = load(f'[clusters.web]\nnodes = {{ n1 = "10.0.0.1" }}\n{said}').clusters
    assert (web.fencing.agent if web.fencing else None, web.failover) == (agent, failover)


def test_the_policy_is_read_from_its_table(load: Load) -> None:
    grants = load('[[policy.grants]]\nrole = "admin"\nusers = ["U024BE7LH"]\nclusters = ["*"]').policy.grants
    assert (grants[0].role.word, grants[0].users, grants[0].clusters) == ("admin", ("U024BE7LH",), ("*",))


def test_all_mistakes_are_told_at_once_each_with_its_key_and_the_right_form(problems: Problems) -> None:
    found = problems(
        """
        [slak]
        [slack]
        mode = "sockt"
        app_tokn = "x"
        [ssh]
        port = "many"
        allowed_networks = ["10.0.0.0/8", "10.0.0.1/8"]
        jump = "bastion"
        [clusters.web]
        nodes = { n1 = "10.0.0.1", n2 = ["10.0.0.2", "10.0.0.300"], "n_3;" = "10.0.0.3" }
        vips = ["10.0.0.10/24", "10.0.0.11", "10.0.0.12/24@eth0;reboot"]
        chanels = ["C1"]
        [clusters.web.fencing]
        agent = "rm"
        [clusters.empty]
        fencing = "maybe"
        [clusters.twice]
        nodes = { a = "10.9.0.1", b = "10.9.0.1" }
        fencing = "none"
        [clusters.undecided]
        nodes = { c = "10.9.1.1" }
        [[policy.grants]]
        role = "boss"
        users = ["alice"]
        """,
        environ={"HACLUSTER_LOG__LEVL": "debug", "HACLUSTER_STORE": "x"},
        secrets={"slack__signing_secrt": "x"},
    )
    expected = {
        "slak": "did you mean `slack`?",
        "slack.mode": "must be 'socket' or 'http'",
        "slack.app_tokn": "did you mean `app_token`?",
        "slack.signing_secrt": "did you mean `signing_secret`?",
        "ssh.port": "integer",
        "ssh.allowed_networks[1]": "as in 10.0.0.0/24",
        "ssh.jump": "write user@host",
        "clusters.web.nodes.n2[1]": "as in 10.0.0.1",
        "clusters.web.nodes.'n_3;'": "is not a host name",
        "clusters.web.vips[1]": "needs its prefix, as in 10.0.0.11/24",
        "clusters.web.vips[2]": "is not a network interface name",
        "clusters.web.chanels": "did you mean `channels`?",
        "clusters.web.fencing.agent": "as fence_ipmilan",
        "clusters.empty.nodes": "is missing",
        "clusters.empty.fencing": 'fencing = "none", or { agent = "fence_ipmilan"',
        "clusters.twice": "10.9.0.1 is given twice",
        "clusters.undecided.fencing": 'has to be said; write fencing = "none", or { agent = "fence_ipmilan"',
        "policy.grants[0].role": "viewer, approver, operator, admin",
        "policy.grants[0].users[0]": "whoami",
        "policy.grants[0].clusters": "is missing",
        "log.levl": "did you mean `level`?",
        "store": "must be a table",
    }
    assert {
        key: problem.message for key, problem in found.items() if expected.get(key, "?") not in problem.message
    } == {}
    assert found.keys() == expected.keys()


def test_each_mistake_says_where_it_was_written(problems: Problems) -> None:
    found = problems(
        '[ssh]\nprot = 1\n[clusters.web]\nnodes = {}\nfencing = "none"',
        environ={"HACLUSTER_SLACK__MODE": "x", "HACLUSTER_SLAK__MODE": "x"},
        dotenv="HACLUSTER_LOG__LEVEL=loud\n",
        secrets={"store__url": "x"},
    )
    origins = {key: problem.origin for key, problem in found.items()}
    assert origins.pop("store.url").endswith("secrets/store__url")
    assert origins == {
        "ssh.prot": "hacluster.toml",
        "clusters.web.nodes": "hacluster.toml",
        "slack.mode": "HACLUSTER_SLACK__MODE",
        "slak": "HACLUSTER_SLAK__MODE",
        "log.level": ".env: HACLUSTER_LOG__LEVEL",
    }


@pytest.mark.parametrize(
    ("toml", "key", "message"),
    [
        ('[slack]\napp_token = "xapp-1234"\nbot_token = "xapp-1234"', "slack.bot_token", "not a bot token"),
        ('[slack]\nbot_token = "xoxb-1234"\napp_token = "xoxb-1234"', "slack.app_token", "not an app-level token"),
        ('[slack]\nbot_token = "xoxb-1234"', "slack.app_token", "Socket Mode"),
        ('[slack]\nmode = "http"\nbot_token = "xoxb-1234"', "slack.signing_secret", "is missing"),
        ('[slack]\nsigning_secret = "abc"', "slack.bot_token", "is missing, but signing_secret is given"),
        ('[slack]\napi_url = "http://slack.example.org/api"', "slack.api_url", "in the clear"),
        ('[slack]\napi_url = "slack"', "slack.api_url", "web address"),
        ('[ssh]\nknown_hosts = ["none"]', "ssh.known_hosts[0]", "always checked"),
        ('[ssh]\nknown_hosts = "none"', "ssh.known_hosts", "must be a list"),
        ('[ssh]\nuser = "-oProxyCommand=x"', "ssh.user", "login name"),
        ("[ssh]\nmax_sessions = 11", "ssh.max_sessions", "10"),
        ("[ssh]\nconnect_timeout = 0", "ssh.connect_timeout", "greater than 0"),
        ('[ssh]\njump = "hop@bastion:70000"', "ssh.jump", "user@host:port"),
        ("[ssh]\nallowed_networks = []", "ssh.allowed_networks", "must not be empty"),
        ('[ssh]\nconnect_to = { n1 = "10.0.0.1:22" }', "ssh.connect_to.n1", "as in 10.0.0.1"),
        ('[ssh]\nconnect_to = { "10.0.0.1" = "gateway" }', "ssh.connect_to.'10.0.0.1'", "as in 192.0.2.1:2201"),
        ('[store]\nurl = "sqlite:///x.db"', "store.url", "sqlite+aiosqlite:///"),
        ('[clusters.web]\nnodes = { n1 = "127.0.0.1" }\nfencing = "none"', "clusters.web.nodes.n1[0]", "cannot be a node's address"),
        ('[clusters.web]\nnodes = { n1 = [] }\nfencing = "none"', "clusters.web.nodes.n1", "must not be empty"),
        ('[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"\nvips = ["10.0.0.1/24"]', "clusters.web", "given twice"),
        ('[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"\nchannels = ["#ops"]', "clusters.web.channels[0]", "C024BE91L"),
        ('[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"\nhaproxy_cfg = "../x"', "clusters.web.haproxy_cfg", "plain file"),
        ('[clusters."web;"]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"', "clusters.'web;'", "cluster name"),
        ('[clusters]\nweb = "10.0.0.1"', "clusters.web", "must be a table"),
        (
            '[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"\n[clusters.db]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"',
            "clusters.db.nodes.n1",
            "belongs to cluster web",
        ),
        (
            '[ssh]\nallowed_networks = ["10.1.0.0/16"]\n[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"',
            "clusters.web.nodes.n1",
            "in none of ssh.allowed_networks",
        ),
        (
            '[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = { agent = "fence_x", per_node = { n2 = {} } }',
            "clusters.web.fencing.per_node.n2",
            "no node of this cluster",
        ),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_problem(problems: Problems, toml: str, key: str, message: str) -> None:
    found = problems(toml)
    assert list(found) == [key]
    assert message in found[key].message


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/api/", "http://[::1]:8080/api", "http://localhost/api"])
def test_a_workspace_on_this_machine_needs_no_https(load: Load, url: str) -> None:
    assert load(f'[slack]\napi_url = "{url}"').slack.api_url.endswith("/api/")


@pytest.mark.parametrize(
    ("jump", "parts"),
    [
        ("hop@bastion", ("hop", "bastion", 22)),
        ("hop@bastion.example.org:2222", ("hop", "bastion.example.org", 2222)),
        ("hop@[fd00::1]:2222", ("hop", "fd00::1", 2222)),
        ("hop@10.0.0.9", ("hop", "10.0.0.9", 22)),
    ],
)
def test_a_jump_host_is_a_login_and_a_host(load: Load, jump: str, parts: tuple[str, str, int]) -> None:
    assert load(f'[ssh]\njump = "{jump}"').ssh.jump_host == parts
    assert Settings().ssh.jump_host is None


def test_a_forwarded_port_stands_for_a_nodes_address(load: Load) -> None:
    settings = load('[ssh]\nconnect_to = { "10.0.0.1" = "127.0.0.1:2201", "fd00::1" = "[::1]:2202" }')
    assert settings.ssh.connect_to == {"10.0.0.1": ("127.0.0.1", 2201), "fd00::1": ("::1", 2202)}


def test_addresses_of_clusters_made_later_are_held_to_the_same_networks() -> None:
    settings = Settings.model_validate({"ssh": {"allowed_networks": ["10.0.0.0/24", "fd00::/64"]}})
    assert settings.address_allowed(ip_address("10.0.0.9"))
    assert settings.address_allowed(ip_address("fd00::9"))
    assert not settings.address_allowed(ip_address("10.0.1.9"))
    assert Settings().address_allowed(ip_address("192.168.1.9"))
    assert not Settings().address_allowed(ip_address("192.0.2.1"))


CANARY = "c4n4ry"
SECRETS = {
    "slack__bot_token": f"xoxb-{CANARY}",
    "slack__app_token": f"xapp-{CANARY}",
    "slack__signing_secret": CANARY,
    "ssh__passphrase": CANARY,
    "store__url": f"postgresql+asyncpg://bot:{CANARY}@db/bot",
}


def test_secrets_print_nowhere(load: Load) -> None:
    settings = load(secrets=SECRETS)
    assert settings.slack.configured
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.slack), str(settings.store)):
        assert CANARY not in shown


@pytest.mark.parametrize("broken", sorted(SECRETS))
def test_secrets_print_in_no_refusal(load: Load, broken: str) -> None:
    other = "[slack]\nmode = 7\n"
    with pytest.raises(ConfigurationProblems) as refused:
        load(other, secrets={**SECRETS, broken: f"[{CANARY}", "slack__nonsense": CANARY})
    assert CANARY not in "".join(traceback.format_exception(refused.value, chain=True)).replace(__file__, "")
    assert refused.value.__context__ is None


def test_a_token_in_the_wrong_place_is_not_repeated(problems: Problems) -> None:
    found = problems(
        f"""
        [slack]
        "xoxb-{CANARY}" = true
        [clusters.web]
        nodes = {{ n1 = "xoxb-{CANARY}" }}
        fencing = "xoxb-{CANARY}"
        [[policy.grants]]
        role = "admin"
        users = ["xapp-{CANARY}"]
        clusters = ["*"]
        """
    )
    assert len(found) == 4
    assert CANARY not in "".join(str(problem) for problem in found.values())


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0="), min_size=1, max_size=30)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=NAMES, value=st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_a_variable_is_called_and_holds_it_is_taken_or_refused_in_words(
    load: Load, name: str, value: str
) -> None:
    problems: tuple[object, ...] = ()
    try:
        load(environ={f"HACLUSTER_{name}": value})
    except ConfigurationProblems as refused:
        problems = refused.problems
    assert all(str(problem).strip() for problem in problems)
