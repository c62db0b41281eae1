"""XML as Pacemaker's tools print it."""

from __future__ import annotations

from xml.etree.ElementTree import Element, indent, tostring


def written(root: Element) -> str:
    """Return the document, two spaces a level and no blank before a closing slash. `root` is indented in place."""
    indent(root)
    return tostring(root, encoding="unicode").replace(" />", "/>") + "\n"
