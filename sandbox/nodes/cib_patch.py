"""What `pcs cluster cib-push FILE diff-against=ORIGINAL` does: the difference of two CIBs, applied to a third.

Elements are told apart by their tag and id. Everything that is not in the difference stays as the cluster has it.
"""

from __future__ import annotations

import copy
from xml.etree.ElementTree import Element

from sandbox.nodes.cib import Cib

_VERSION = frozenset({"epoch", "num_updates", "admin_epoch"})


def push(live: Cib, original: Cib, wanted: Cib) -> bool:
    """Make `live` what it is after the difference; say whether anything was different."""
    before, after, target = (cib.root.find("configuration") for cib in (original, wanted, live))
    if before is None or after is None or target is None:
        raise ValueError("not a CIB")
    return _apply(before, after, target)


def _key(element: Element) -> tuple[str, str | None]:
    return element.tag, element.get("id")


def _apply(before: Element, after: Element, target: Element) -> bool:
    old, new = {_key(one): one for one in before}, {_key(one): one for one in after}
    changed = _attributes(before, after, target)
    for key in old.keys() - new.keys():
        for one in [one for one in target if _key(one) == key]:
            target.remove(one)
            changed = True
    for key, element in new.items():
        here = next((one for one in target if _key(one) == key), None)
        if here is None:
            target.append(copy.deepcopy(element))
            changed = True
        else:
            base = old.get(key)
            changed |= _apply(Element(element.tag) if base is None else base, element, here)
    return changed


def _attributes(before: Element, after: Element, target: Element) -> bool:
    changed = False
    for name in {*before.keys(), *after.keys()}:
        value = after.get(name)
        if name in _VERSION or before.get(name) == value or target.get(name) == value:
            continue
        changed = True
        if value is None:
            target.attrib.pop(name, None)
        else:
            target.set(name, value)
    return changed
