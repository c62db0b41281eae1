"""What the tools of Pacemaker have in common: strict reading of their XML, scores, and one exit status.

An attribute that a record needs and that is not there makes the output unreadable; what is not asked for is ignored, so
that a newer Pacemaker may add to its documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from commands.errors import UnreadableOutput

DISCONNECTED = 102
"""The exit status for "not connected": no daemon answers on this node."""

INFINITY = 1_000_000
"""Pacemaker's infinite score. As a failure count it keeps a resource off a node until somebody cleans up."""

_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Tag:
    """An element of what `tool` printed. Where a method takes several names they are spellings, old and new."""

    tool: str
    element: Element

    @property
    def name(self) -> str:
        """The element's own name."""
        return self.element.tag

    def get(self, *names: str, default: str = "") -> str:
        """Return an attribute that may be missing."""
        for name in names:
            value = self.element.get(name)
            if value is not None:
                return value
        return default

    def text(self, *names: str) -> str:
        """Return an attribute that must be there."""
        for name in names:
            value = self.element.get(name)
            if value is not None:
                return value
        raise UnreadableOutput(self.tool, f"<{self.name}> has no {' or '.join(names)}")

    def flag(self, *names: str) -> bool:
        """Return a boolean attribute that must be there."""
        value = self.text(*names)
        if value not in _TRUTH:
            raise UnreadableOutput(self.tool, f"{names[0]} of <{self.name}> is neither true nor false", value)
        return _TRUTH[value]

    def number(self, *names: str) -> int:
        """Return a whole number that must be there."""
        value = self.text(*names)
        try:
            return int(value)
        except ValueError:
            raise UnreadableOutput(self.tool, f"{names[0]} of <{self.name}> is not a number", value) from None

    def score(self, *names: str) -> int:
        """Return a score that must be there, `INFINITY` in words or digits, cut to the range Pacemaker reckons in."""
        words = {"INFINITY": INFINITY, "+INFINITY": INFINITY, "-INFINITY": -INFINITY}
        value = self.text(*names)
        score = words[value] if value in words else self.number(*names)
        return max(-INFINITY, min(INFINITY, score))

    def child(self, path: str) -> Tag:
        """Return the first element at `path`, which must be there."""
        found = self.find(path)
        if found is None:
            raise UnreadableOutput(self.tool, f"<{self.name}> has no <{path}>")
        return found

    def find(self, path: str) -> Tag | None:
        """Return the first element at `path`, or None."""
        found = self.element.find(path)
        return None if found is None else Tag(self.tool, found)

    def all(self, path: str) -> Iterator[Tag]:
        """Yield the elements at `path`, in document order."""
        return (Tag(self.tool, found) for found in self.element.iterfind(path))

    def __iter__(self) -> Iterator[Tag]:
        """Yield the elements directly inside."""
        return (Tag(self.tool, found) for found in self.element)


def role(word: str) -> str:
    """Return a role's present name; before Pacemaker 2.1, and on Enterprise Linux 8, it was Master and Slave."""
    return _ROLES.get(word, word)


def document(tool: str, text: str) -> Tag:
    """Read what `tool` printed as XML, without entities, document types or anything fetched from elsewhere."""
    try:
        return Tag(tool, fromstring(text))
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadableOutput(tool, f"it is not XML ({error})", text) from error
