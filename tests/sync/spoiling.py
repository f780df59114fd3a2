"""Answers that are damaged on their way, so that a record in them cannot be parsed."""

from collections.abc import Callable

import httpx

from sync.world import World

Spoil = Callable[[httpx.Request, bytes], bytes]


def spoil(world: World, change: Spoil) -> None:
    """Change each answer on its way."""
    deliver = type(world.wire).handle_async_request

    async def spoiled(request: httpx.Request) -> httpx.Response:
        response = await deliver(world.wire, request)
        body = change(request, await response.aread())
        await response.aclose()
        headers = {name: text for name, text in response.headers.items() if name == "date"}
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(body))

    vars(world.wire)["handle_async_request"] = spoiled


def heal(world: World) -> None:
    """Let answers pass as they are."""
    vars(world.wire).pop("handle_async_request", None)


def without_number(phone: str, *, path: str) -> Spoil:
    """Take the id from a profile, or the number from a subscriber, wherever it is shown on a path."""

    def change(request: httpx.Request, body: bytes) -> bytes:
        if request.url.path != path:
            return body
        number = f"<phone_number>{phone}</phone_number>".encode()
        before, found, after = body.partition(number)
        if not found:
            return body
        start = before.rindex(b"<profile id=") if path == "/api/profiles" else None
        if start is None:
            return before + after
        return before[:start] + b"<profile no=" + before[start + len(b"<profile id=") :] + found + after

    return change


def numberless(phone: str) -> Spoil:
    """Take the number from a profile, and leave its id."""

    def change(request: httpx.Request, body: bytes) -> bytes:
        if request.url.path != "/api/profiles":
            return body
        return body.replace(f"<phone_number>{phone}</phone_number>".encode(), b"")

    return change


def nameless(person_id: str) -> Spoil:
    """Give a person a name that is none, on lists."""

    def change(request: httpx.Request, body: bytes) -> bytes:
        if request.method != "GET" or not request.url.path.endswith("/people"):
            return body
        mark = f'"identifiers":["action_network:{person_id}"]'.encode()
        return body.replace(mark, mark + b',"family_name":[]')

    return change
