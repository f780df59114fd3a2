"""Acts that happen between two pages of a walk."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

LISTS: Final = frozenset({"list_people", "list_profiles", "list_subscribers"})
"""Operations whose answers are pages of a walk; look-ups and probes are none."""

MAX_WAITING: Final = 1_000
"""Acts that may wait at a time, and that are remembered: far more than the pages that a test walks by hand."""

Act = Callable[[], Awaitable[str]]
"""Does something and returns what went wrong, the empty string for nothing."""


@dataclass(slots=True)
class _Waiting:
    act: Act
    about: dict[str, Any]
    account: str
    operation: str | None
    pages: int


class BetweenPages:
    """The acts that wait for pages of one service, by the account that walks."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._done: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)

    def schedule(
        self, act: Act, *, account: str, pages: int, operation: str | None = None, about: dict[str, Any]
    ) -> None:
        """Perform an act once so many more pages of a list were answered, before the last of them leaves.

        The act cannot touch that page any more, and no later page is without it. `about` is shown for it.

        Raises:
            ValueError: no operation of that name answers pages, fewer than one page, or too many acts wait.
        """
        if operation is not None and operation not in LISTS:
            raise ValueError(f"operation must be one of {', '.join(sorted(LISTS))}")
        if pages < 1:
            raise ValueError("pages must be at least 1")
        if len(self._waiting) >= MAX_WAITING:
            raise ValueError(f"{MAX_WAITING} acts are waiting already")
        self._waiting.append(_Waiting(act, about, account, operation, pages))

    async def served(self, *, account: str, operation: str) -> None:
        """Note that a page is answered, and perform what waited for it, in the order it was ordered."""
        if operation not in LISTS:
            return
        due = []
        for one in self._waiting:
            if one.account == account and one.operation in {None, operation}:
                one.pages -= 1
                if not one.pages:
                    due.append(one)
        self._waiting = [one for one in self._waiting if one.pages]
        for one in due:
            error = await one.act()
            self._done.append({**one.about, **({"error": error} if error else {})})

    def clear(self) -> None:
        """Forget what waits and what was done."""
        self._waiting.clear()
        self._done.clear()

    def document(self) -> dict[str, Any]:
        """Return what waits, for how many pages, and what was done, JSON-ready."""
        return {
            "waiting": [{**one.about, "pages": one.pages} for one in self._waiting],
            "done": list(self._done),
        }
