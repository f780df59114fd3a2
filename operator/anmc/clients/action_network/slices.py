"""Reading everybody, in slices by date of creation (action-network-api.md 4.3, 13)."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from anmc.clients.failures import Rejected, Unserved
from anmc.clients.walks import Versions
from anmc.rules.records import Person
from anmc.sync.ports import Page, Pages

BEGINNING: Final = datetime(2012, 1, 1, tzinfo=UTC)
"""From when on slices are cut: before Action Network had any people. The first slice has no lower bound anyway."""

NARROWEST: Final = timedelta(seconds=1)
"""The service keeps whole seconds; people who were created in the same one cannot be told apart by date."""

MAX_SLICE_PAGES: Final = 40
"""Pages of a slice before it is cut: a thousand people, who are read in ten seconds at full speed.

In a longer pass more changes under way, and two passes agree less often; deep pages are slow (contract 3.1).
"""

MAX_PASSES: Final = 4
"""Passes over one slice until two of them agree; then it is cut in two (contract 4.3)."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Who was created from one second on and before another; None leaves the list open there."""

    since: datetime | None
    until: datetime | None


ReadSlice = Callable[[Slice], Pages[Person]]
"""Walks a slice once."""


async def read_everybody(read: ReadSlice, *, created_from: datetime | None, now: datetime) -> Pages[Person]:
    """Yield everybody by date of creation, each person once in each version.

    A slice begins with all that there is; it is cut where it is too long or does not hold still, and grows again
    where people are few. It ends with an empty page whose `read_until` is where a later read may begin; the last
    one, which is open, has none. That page is not complete if even a slice of one second did not hold still.

    Raises:
        ServiceUnavailable, RateLimited, AuthenticationFailed, Rejected, Interrupted: the walk cannot go on.
    """
    versions, cut = Versions(), _Cut(created_from, now)
    while True:
        part = cut.slice
        reading = _SliceReading(read, part, versions, is_limited=cut.is_limited)
        try:
            async with aclosing(reading.pages()) as pages:
                async for page in pages:
                    yield page
        except (Rejected, Unserved) as error:
            if (isinstance(error, Unserved) and not error.may_be_poison) or not cut.drop_end():
                raise
            continue
        if not reading.is_settled and cut.narrow():
            continue
        yield replace(reading.last_page, is_complete=reading.is_settled, read_until=part.until)
        if part.until is None:
            return
        cut.advance(reading.full_pages)


class _Cut:
    """Where the next slice begins and how far it goes."""

    def __init__(self, created_from: datetime | None, now: datetime) -> None:
        self._since = created_from
        self._start = created_from or BEGINNING
        self._now = now
        self._width = max(now - self._start, NARROWEST)
        self._ends = True
        self._two_bounds_work = False

    @property
    def slice(self) -> Slice:
        """Return the slice; the one that reaches the present has no upper bound (contract 4.3)."""
        until = self._start + self._width
        return Slice(self._since, until if self._ends and until < self._now else None)

    @property
    def is_limited(self) -> bool:
        """Whether the slice may be cut."""
        return self._ends and self._width > NARROWEST

    def narrow(self) -> bool:
        """Cut the slice; say whether that was possible."""
        if not self.is_limited:
            return False
        ahead = min(self._width, self._now - self._start)
        self._width = max(timedelta(seconds=ahead // NARROWEST // 4), NARROWEST)
        return True

    def drop_end(self) -> bool:
        """Do without upper bounds from here on, if it may be that the service does not take two (contract 4.3)."""
        part = self.slice
        if self._two_bounds_work or part.since is None or part.until is None:
            return False
        self._ends = False
        return True

    def advance(self, pages: int) -> None:
        """Go on behind a slice that had so many pages."""
        self._two_bounds_work = self._two_bounds_work or self._since is not None
        self._start += self._width
        self._since = self._start
        if pages <= MAX_SLICE_PAGES // 4:
            self._width *= 2


class _SliceReading:
    """Reads one slice, again and again until two passes agree."""

    def __init__(self, read: ReadSlice, part: Slice, versions: Versions, *, is_limited: bool) -> None:
        self._read = read
        self._part = part
        self._versions = versions
        self._is_limited = is_limited
        self.full_pages = 0
        """Pages with people in the last pass."""
        self.is_settled = False
        self.last_page: Page[Person]
        """Where the reading ended, without anybody."""
        self._began: datetime | None = None

    async def pages(self) -> Pages[Person]:
        """Yield the people whom no earlier pass has brought."""
        before: set[str] | None = None
        for _ in range(MAX_PASSES):
            one_pass = _Pass()
            async with aclosing(self._read(self._part)) as pages:
                async for page in pages:
                    self._began = self._began or page.read_at
                    one_pass.take(page, self._began)
                    self.full_pages, self.last_page = one_pass.full_pages, replace(page, records=(), unreadable=())
                    yield self._fresh(page)
                    if self._is_limited and one_pass.full_pages > MAX_SLICE_PAGES:
                        return
            found = one_pass.people
            self.is_settled = one_pass.is_complete and (one_pass.full_pages <= 1 or found == before)
            if self.is_settled:
                return
            before = found if one_pass.is_complete else None

    def _fresh(self, page: Page[Person]) -> Page[Person]:
        """Return what is new of a page. Whether the slice is complete shows when its passes are compared."""
        return replace(
            page,
            records=tuple(person for person in page.records if self._versions.is_new(person.id, person.modified_date)),
            unreadable=tuple(
                record
                for record in page.unreadable
                if self._versions.is_new(("unreadable", self._part, record.id or (record.page, record.place)), None)
            ),
            is_complete=True,
        )


class _Pass:
    """What one pass over a slice has brought."""

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.full_pages = 0
        self.is_complete = True

    def take(self, page: Page[Person], began: datetime) -> None:
        """Note a page; who was created since the first pass began does not count: no two passes would agree."""
        self.people |= {
            person.id for person in page.records if person.created_date is None or person.created_date < began
        }
        self.people |= {record.id for record in page.unreadable if record.id is not None}
        self.full_pages += bool(page.records or page.unreadable)
        self.is_complete = self.is_complete and page.is_complete
