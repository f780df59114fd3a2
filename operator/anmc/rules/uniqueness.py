"""Which integrations would write to the same people, and which of them may (sync.md W16)."""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """The two accounts that an integration works on, as its verification found them.

    `people` is the hash of the Action Network key and its origin, which is one list of people. `campaigns` are the
    ids that the Mobile Commons company at `origin` shows; `scope` is the campaign that the integration is bound
    to, None for all of them.
    """

    created_at: datetime
    uid: str
    people: bytes
    opt_in_field: str
    origin: str
    company_key: str | None
    campaigns: frozenset[str]
    scope: str | None

    @property
    def age(self) -> tuple[datetime, str]:
        """What orders claims, the oldest first: creation, and the uid between two of one second."""
        return self.created_at, self.uid

    def marks(self) -> Iterator[Hashable]:
        """Yield what two claims must share to overlap, so that candidates can be looked up instead of searched."""
        yield self.people, self.opt_in_field
        if self.company_key is not None:
            yield "company", self.origin, self.company_key
        for campaign in self.campaigns:
            yield "campaign", self.origin, campaign


def overlap(one: Claim, other: Claim) -> bool:
    """Say whether two integrations would write to the same people: on one list, or in one company and campaign."""
    if (one.people, one.opt_in_field) == (other.people, other.opt_in_field):
        return True
    return _is_same_company(one, other) and (one.scope is None or other.scope is None or one.scope == other.scope)


def find_elder(claim: Claim, others: Iterable[Claim]) -> Claim | None:
    """Return the oldest of the claims that go before this one, None if it is the first."""
    elders = (other for other in others if other.age < claim.age and overlap(claim, other))
    return min(elders, key=lambda elder: elder.age, default=None)


def _is_same_company(one: Claim, other: Claim) -> bool:
    """A login without a company key means its own company, which only its campaigns tell apart."""
    if one.origin != other.origin:
        return False
    is_same_key = one.company_key is not None and one.company_key == other.company_key
    return is_same_key or not one.campaigns.isdisjoint(other.campaigns)
