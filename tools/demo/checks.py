"""Claims of the story, each held against what is really there."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape

from demo.errors import NotWhatHappened


class Checks:
    """Says each claim that holds, and ends the story at the first that does not."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.count = 0
        """How many claims held so far."""

    def equal(self, claim: str, *, found: object, expected: object) -> None:
        """Claim that two values are the same.

        Raises:
            NotWhatHappened: they are not; its text has the claim and both values.
        """
        if found != expected:
            raise NotWhatHappened(f"{claim}: expected {expected!r}, found {found!r}")
        self.count += 1
        self._console.print(f"  [green]✓[/] {escape(claim)}")

    def all_equal(self, claim: str, rows: Iterable[tuple[str, object, object]]) -> None:
        """Claim the same of several: each row is a name, what was found, what is expected.

        Raises:
            NotWhatHappened: of the first row that differs.
        """
        wrong = ((name, found, expected) for name, found, expected in rows if found != expected)
        name, found, expected = next(wrong, ("", None, None))
        self.equal(f"{claim}{name and f' ({name})'}", found=found, expected=expected)
