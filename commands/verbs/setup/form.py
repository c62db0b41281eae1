"""The modal of `setup`: the same fields as its words, and from its answers those words."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from functools import partial

from pydantic import BaseModel, ValidationError

from commands.verbs.form import Field, Form, FormOption
from commands.verbs.setup.request import sentences
from commands.verbs.words import folded
from config.inventory import ClusterName, FencingSpec, FileName, VipSpec, parse_node


class _Name(BaseModel):
    name: ClusterName


class _File(BaseModel):
    name: FileName


FORM = Form(
    title="Set up a cluster",
    verb="setup",
    fields=(
        Field("name", "Cluster name", "1 to 32 letters, digits, _ or -", placeholder="web"),
        Field(
            "nodes",
            "Nodes",
            "One per line as NAME=ADDRESS; a second address after a comma is a second link",
            kind="multiline",
            placeholder="n1=10.0.0.1\nn2=10.0.0.2",
        ),
        Field(
            "vips",
            "Floating IPs",
            "One per line as ADDRESS/PREFIX, with @NIC where the interface matters",
            kind="multiline",
            required=False,
            placeholder="10.0.0.10/24\n10.0.0.11/24",
        ),
        Field(
            "fencing",
            "Fencing",
            "How a lost node is cut from power: a fence agent, or the word none",
            placeholder="none",
        ),
        Field(
            "fence_options",
            "Fence agent's options",
            "One per line as KEY=VALUE or NODE:KEY=VALUE; secrets as KEY=secret:NAME",
            kind="multiline",
            required=False,
        ),
        Field(
            "failover",
            "Failover",
            kind="select",
            options=(
                FormOption("approved", "Approved: a person moves floating IPs of a lost node"),
                FormOption("automatic", "Automatic: Pacemaker moves them (wants fencing)"),
            ),
            initial="approved",
        ),
        Field(
            "haproxy_cfg",
            "HAProxy configuration file",
            "Of the bot's configuration folder; put where HAProxy has none of its own",
            required=False,
            placeholder="haproxy.cfg",
        ),
        Field(
            "accept_split_brain",
            "Automatic failover without fencing",
            kind="checkbox",
            options=(FormOption("yes", "I accept that a cut network puts the floating IPs on both sides"),),
            required=False,
        ),
    ),
)


def from_form(values: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """Return the words that say what was filled in, and what is wrong with it, by field."""
    wrong: dict[str, str] = {}
    given = {field.id: values.get(field.id, "").strip() for field in FORM.fields}
    nodes, vips = given["nodes"].split(), given["vips"].split()
    options = given["fence_options"].split("\n") if given["fence_options"] else []
    _check(wrong, "name", lambda: _Name(name=given["name"]))
    for text in nodes:
        _check(wrong, "nodes", partial(parse_node, text))
    for text in vips:
        _check(wrong, "vips", partial(VipSpec.parse, text))
    if given["fencing"] != "none":
        _check(wrong, "fencing", lambda: FencingSpec(agent=given["fencing"]))
    if given["haproxy_cfg"]:
        _check(wrong, "haproxy_cfg", lambda: _File(name=given["haproxy_cfg"]))
    words = [
        "setup",
        given["name"],
        *nodes,
        "--fencing",
        given["fencing"],
        "--failover",
        given["failover"] or "approved",
    ]
    for vip in vips:
        words += ["--vip", vip]
    for option in options:
        words += ["--fence-option", option.strip()]
    if given["haproxy_cfg"]:
        words += ["--haproxy-cfg", given["haproxy_cfg"]]
    if given["accept_split_brain"] == "yes":
        words.append("--accept-split-brain")
    # folded before it is quoted: a curly quote must not become one that ends the word
    return shlex.join(folded(word) for word in words), wrong


def _check(wrong: dict[str, str], field: str, make: Callable[[], object]) -> None:
    try:
        make()
    except ValidationError as error:
        wrong.setdefault(field, "; ".join(sentences(error))[:150])
    except ValueError as error:
        wrong.setdefault(field, str(error)[:150])
