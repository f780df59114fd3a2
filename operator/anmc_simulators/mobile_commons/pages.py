"""The records in an answer of Mobile Commons, for faults to take hold of."""

import copy
from collections.abc import Iterable
from typing import Any, Final

from lxml import etree
from typing_extensions import override

from anmc_simulators.frame.page import Page, Spoiling
from anmc_simulators.mobile_commons.rendering import DECLARATION

_CONTAINERS: Final = frozenset({"profiles", "subscriptions", "campaigns", "groups", "group"})
_KEPT: Final = frozenset({"id", "profile_id", "phone_number"})
_BROKEN: Final = "@broken@"
_NO_TEXT: Final = b"\xff\xfe\xff"


class XmlPage(Page):
    """A container with its children, or one profile by itself (mobile-commons-api.md 4)."""

    def __init__(self, response: etree._Element, payload: etree._Element) -> None:
        self._response = response
        self.payload = payload

    @classmethod
    def read(cls, body: bytes) -> "XmlPage | None":
        """Return the records in a body; None when it has none by its form."""
        try:
            response = etree.fromstring(body)
        except etree.XMLSyntaxError:
            return None
        payload = next(iter(response), None)
        if payload is None or payload.tag not in _CONTAINERS | {"profile"}:
            return None
        return cls(response, payload)

    @property
    @override
    def records(self) -> list[Any]:
        return list(self.payload) if self.payload.tag in _CONTAINERS else [self.payload]

    @override
    def replace(self, records: Iterable[Any]) -> None:
        if self.payload.tag not in _CONTAINERS:
            return
        self.payload[:] = [copy.deepcopy(record) for record in records]
        if "num" in self.payload.attrib:
            self.payload.set("num", str(len(self.payload)))
        if not len(self.payload):
            self.payload.text = "\n"

    @override
    def renumber(self, number: int) -> None:
        if "page" in self.payload.attrib:
            self.payload.set("page", str(number))

    @override
    def names(self, record: Any) -> frozenset[str]:
        texts = (record.findtext(name) for name in _KEPT)
        return frozenset(text for text in (record.get("id"), *texts) if text)

    @override
    def spoil(self, record: Any, how: Spoiling) -> None:
        match how:
            case Spoiling.WRONG_TYPE:
                tail = record.tail
                record.clear()
                record.tail = tail
            case Spoiling.WRONG_VALUES:
                for element in record.iter():
                    if element is record or element.tag in _KEPT:
                        continue
                    for name in element.attrib:
                        element.set(name, "poisoned")
                    if not len(element):
                        element.text = "poisoned"
            case Spoiling.BROKEN:
                record.set("broken", _BROKEN)

    @override
    def render(self) -> bytes:
        body = DECLARATION + etree.tostring(self._response, encoding="UTF-8", xml_declaration=False)
        return body.replace(_BROKEN.encode(), _NO_TEXT) + b"\n"
