"""XML of Mobile Commons, read without trusting it (mobile-commons-api.md 3.1, operations.md 13)."""

import re
from typing import Final

from lxml import etree

from anmc.clients.calls import Answer
from anmc.clients.failures import APP_ERROR, INVALID, Denied, Refused, Unreadable

_DOCTYPE: Final = b"<!DOCTYPE"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_HTML: Final = re.compile(rb"(<\?xml[^>]*>\s*)?(?><!--.*?-->\s*)*+(<!doctype\s+html|<html)", re.IGNORECASE | re.DOTALL)
"""How a page of HTML begins. A comment is never matched in a second way: their combinations would take for ever."""

_SNIFFED: Final = 1024
"""Bytes in which a page shows that it is HTML."""

_PARSER: Final = etree.XMLParser(
    encoding="utf-8",  # whatever the declaration says, so that no encoding can hide a document type
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
)


def read_payload(answer: Answer) -> etree._Element:
    """Return the `<response>` element of a success.

    Raises:
        Denied: an HTML page, which is how the service asks for a log-in (sync.md W15).
        Refused: the service refused with an error id.
        Unreadable: anything else, a document type included.
    """
    document = answer.body.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if _HTML.match(document[:_SNIFFED]):
        raise Denied(INVALID, how="log-in page")
    response = _parse(document)
    if response.tag != "response":
        raise Unreadable
    match response.get("success"):
        case "true":
            return response
        case "false":
            raise Refused(APP_ERROR, error_id=_error_id(response))
        case _:
            raise Unreadable


def text_of(element: etree._Element, tag: str) -> str | None:
    """Return the stripped text of a child, empty if it is empty, None if there is none."""
    child = next(element.iterchildren(tag), None)  # half the time of `find`, which looks for a path
    return None if child is None else (child.text or "").strip()


def _parse(document: bytes) -> etree._Element:
    # Refused before parsing: entities live in a document type, and the service never sends one.
    if _DOCTYPE in document or _DOCTYPE in document.upper():
        raise Unreadable
    try:
        return etree.fromstring(document, _PARSER)
    except (etree.LxmlError, ValueError):
        pass  # raised below, outside of the handler: the library's error quotes the answer
    raise Unreadable


def _error_id(response: etree._Element) -> int | None:
    error = response.find("error")
    text = "" if error is None else error.get("id", "")
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None
