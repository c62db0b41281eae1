"""The modal of `setup`: the same fields as its words, and from its answers those words."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from pydantic import BaseModel, ValidationError

from commands.verbs.form import Field, Form, FormOption
from commands.verbs.setup.request import fencing_of, sentences
from commands.verbs.words import folded
from config.inventory import ClusterName, FencingSpec, FileName, VipSpec, parse_node


class _Name(BaseModel):
    name: ClusterName


class _File(BaseModel):
    name: FileName


BY_FENCING = "by-fencing"
"""Failover left to the decision about fencing, as when nothing is typed about it."""

FLAGS = ("accept_split_brain", "new_password")
"""The boxes to tick, each a word without a value when typed."""

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
                FormOption(BY_FENCING, "By fencing (recommended)", "Automatic with a fence agent, approved without"),
                FormOption("approved", "Approved", "A person moves the floating IPs of a lost node"),
                FormOption("automatic", "Automatic", "Pacemaker moves them by itself, which wants fencing"),
            ),
            initial=BY_FENCING,
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
        Field(
            "new_password",
            "Password of the user hacluster",
            kind="checkbox",
            options=(FormOption("yes", "Set a new one even where the nodes trust each other already"),),
            required=False,
        ),
    ),
)


def from_form(values: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """Return the words that say what was filled in, and what is wrong with it, by field."""
    given = {field.id: values.get(field.id, "").strip() for field in FORM.fields}
    # folded before it is quoted: a curly quote must not become one that ends the word
    return shlex.join(folded(word) for word in _words(given)), _wrong(given)


def _options(given: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in given["fence_options"].split("\n") if line.strip())


def _words(given: Mapping[str, str]) -> Iterator[str]:
    yield from ("setup", given["name"], *given["nodes"].split(), "--fencing", given["fencing"])
    if given["failover"] not in {"", BY_FENCING}:
        yield from ("--failover", given["failover"])
    for vip in given["vips"].split():
        yield from ("--vip", vip)
    for option in _options(given):
        yield from ("--fence-option", option)
    if given["haproxy_cfg"]:
        yield from ("--haproxy-cfg", given["haproxy_cfg"])
    for flag in FLAGS:
        if given[flag] == "yes":
            yield f"--{flag.replace('_', '-')}"


def _wrong(given: Mapping[str, str]) -> Mapping[str, str]:
    """Check each field by itself; how they go together is judged with what the bot knows, as when they are typed."""
    wrong: dict[str, str] = {}
    _check(wrong, "name", lambda: _Name(name=given["name"]))
    for text in given["nodes"].split():
        _check(wrong, "nodes", partial(parse_node, text))
    for text in given["vips"].split():
        _check(wrong, "vips", partial(VipSpec.parse, text))
    if given["fencing"] != "none":
        _check(wrong, "fencing", lambda: FencingSpec(agent=given["fencing"]))
        _check(wrong, "fence_options", partial(fencing_of, "fence_any", _options(given)))
    if given["failover"] not in {"", BY_FENCING, "approved", "automatic"}:
        wrong["failover"] = "That is none of the choices."
    if given["haproxy_cfg"]:
        _check(wrong, "haproxy_cfg", lambda: _File(name=given["haproxy_cfg"]))
    return wrong


def _check(wrong: dict[str, str], field: str, make: Callable[[], object]) -> None:
    try:
        make()
    except ValidationError as error:
        wrong.setdefault(field, "; ".join(sentences(error))[:150])
    except ValueError as error:
        wrong.setdefault(field, str(error)[:150])
