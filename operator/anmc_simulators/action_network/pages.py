"""The records in an answer of Action Network, for faults to take hold of."""

import copy
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from typing_extensions import override

from anmc_simulators.frame.page import Page, Spoiling

_PAGE: Final = re.compile(r"\bpage=\d+")
_BROKEN: Final = "@broken@"
_NO_TEXT: Final = b"\xff\xfe\xff"


class HalPage(Page):
    """A collection with its embedded records, or one record by itself (action-network-api.md 4, 6)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        embedded = document.get("_embedded")
        self._relation = next(iter(embedded), None) if isinstance(embedded, dict) else None
        self._records: list[Any] = embedded[self._relation] if isinstance(embedded, dict) and self._relation else []
        if "identifiers" in document:
            self._records = [document]

    @classmethod
    def read(cls, body: bytes) -> "HalPage | None":
        """Return the records in a body; None when it has none by its form."""
        try:
            document = json.loads(body)
        except ValueError:
            return None
        if not isinstance(document, dict) or not document.keys() & {"_embedded", "identifiers"}:
            return None
        return cls(document)

    @property
    @override
    def records(self) -> list[Any]:
        return self._records

    @override
    def replace(self, records: Iterable[Any]) -> None:
        if self._relation is None:
            return
        self._records = [copy.deepcopy(record) for record in records]
        self.document["_embedded"][self._relation] = self._records
        self.document["_links"][self._relation] = [
            record["_links"]["self"] for record in self._records if isinstance(record, dict)
        ]

    @override
    def renumber(self, number: int) -> None:
        self.document["page"] = number
        self.lead("next", number + 1)
        self.lead("previous", number - 1)

    @override
    def names(self, record: Any) -> frozenset[str]:
        if not isinstance(record, dict):
            return frozenset()
        identifiers = [str(name) for name in record.get("identifiers", ())]
        numbers = [str(entry.get("number")) for entry in record.get("phone_numbers", ())]
        return frozenset((*identifiers, *(name.partition(":")[2] for name in identifiers), *numbers))

    @override
    def spoil(self, record: Any, how: Spoiling) -> None:
        match how:
            case Spoiling.WRONG_TYPE:
                self._put_in_place_of(record, "poisoned")
            case Spoiling.WRONG_VALUES:
                for name in record.keys() - {"identifiers", "_links"}:
                    record[name] = {"poisoned": True} if isinstance(record[name], str) else "poisoned"
            case Spoiling.BROKEN:
                record["given_name"] = _BROKEN

    @override
    def render(self) -> bytes:
        text = json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))
        return text.encode().replace(_BROKEN.encode(), _NO_TEXT)

    def lead(self, relation: str, number: int) -> None:
        """Let a link that the page has lead to another page."""
        links = self.document["_links"]
        if relation in links:
            links[relation] = {"href": _PAGE.sub(f"page={number}", links[relation]["href"])}

    def _put_in_place_of(self, record: Any, other: Any) -> None:
        if self._relation is None:
            self.document = other
        else:
            self._records[:] = [other if one is record else one for one in self._records]
