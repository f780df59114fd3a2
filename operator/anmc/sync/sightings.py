"""What to remember of a record after it was handled, so that our own writes are recognised (sync.md W9)."""

from dataclasses import dataclass

from anmc.rules.consent import Membership, Wish, read_membership, read_wish
from anmc.rules.fingerprint import person_fingerprint, profile_fingerprint, subscription_stamp
from anmc.rules.hashing import Hasher
from anmc.rules.outcomes import Outcome, is_settled
from anmc.rules.phone import PhoneReading, read_phone
from anmc.rules.policy import Policy
from anmc.rules.records import NumberHash, Person, Phone, Profile
from anmc.rules.remembered import PersonSeen, ProfileSeen

_NOT_HANDLED = b""
"""Fingerprint of a record whose present form nobody has decided about yet; equal to none."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """Makes the store's entries for people and profiles, under one policy and one run."""

    policy: Policy
    hasher: Hasher
    run_id: str

    def phone(self, number: str | None) -> PhoneReading:
        """Read a number as this integration allows it (sync.md N1, N2)."""
        return read_phone(
            number,
            default_region=self.policy.default_region,
            allowed_country_codes=self.policy.allowed_country_codes,
        )

    def number_hash(self, number: str | None) -> NumberHash | None:
        """Hash a number as served; None when it is not usable."""
        phone = self.phone(number)
        return self.hasher.number(phone) if isinstance(phone, Phone) else None

    def person_fingerprint(self, person: Person) -> bytes:
        """Fingerprint a person's present form."""
        wish = read_wish(person.values.get(self.policy.opt_in_field)).wish
        return person_fingerprint(person, self.phone(person.number), wish, self.policy, self.hasher)

    def profile_fingerprint(self, profile: Profile) -> bytes:
        """Fingerprint a profile's present form, its membership included."""
        return profile_fingerprint(profile, read_membership(profile, self.policy.scope), self.policy, self.hasher)

    def handled_person(
        self, person: Person, outcome: Outcome, *, before: PersonSeen | None, wish_written: bool = False
    ) -> PersonSeen:
        """Return the entry of a person about whom this run has decided."""
        return self._person(person, outcome, before, self.person_fingerprint(person), wish_written=wish_written)

    def written_person(
        self, person: Person, outcome: Outcome, *, read: Person | None, before: PersonSeen | None
    ) -> PersonSeen:
        """Return the entry of a person that a push wrote to.

        The answer counts as handled only if the form read before the write was: else an edit made in Action
        Network meanwhile would pass for our own.
        """
        known = before is not None and read is not None and self.person_fingerprint(read) == before.fingerprint
        fingerprint = self.person_fingerprint(person) if known else _NOT_HANDLED
        return self._person(person, outcome, before, fingerprint, wish_written=True)

    def handled_profile(self, profile: Profile, outcome: Outcome) -> ProfileSeen:
        """Return the entry of a profile about which this run has decided."""
        membership = read_membership(profile, self.policy.scope).membership
        return self._profile(profile, outcome, membership, settled=is_settled(outcome))

    def written_profile(
        self, profile: Profile, outcome: Outcome, *, read: Profile | None, before: ProfileSeen | None
    ) -> ProfileSeen | None:
        """Return the entry of a profile that a pull wrote to, None while a push still has to look at it.

        Created by us, or handled in the form read before the write: the answer is our own echo. Anything else may
        hold an opt-out that no push has seen yet.
        """
        is_echo = read is None or (before is not None and self.profile_fingerprint(read) == before.fingerprint)
        if not is_echo:
            return None
        membership = read_membership(profile, self.policy.scope).membership
        return self._profile(profile, outcome, membership, settled=before.is_settled if before else True)

    def subscription_stamp(self, profile: Profile) -> bytes:
        """Hash the dates of the profile's row in the watched campaign, as a subscriber row shows them."""
        campaign = self.policy.scope or self.policy.target
        for subscription in profile.subscriptions:
            if subscription.campaign_id == campaign:
                return subscription_stamp(subscription.activated_at, subscription.opted_out_at, self.hasher)
        return b""

    def _person(
        self, person: Person, outcome: Outcome, before: PersonSeen | None, fingerprint: bytes, *, wish_written: bool
    ) -> PersonSeen:
        wish = read_wish(person.values.get(self.policy.opt_in_field)).wish
        stated_before = before.stated_wish if before else None
        stated = stated_before if wish is Wish.UNKNOWN else wish
        return PersonSeen(
            person_id=person.id,
            number_hash=self.number_hash(person.number),
            stated_wish=stated,
            wish_is_ours=wish_written or (before is not None and before.wish_is_ours and stated == stated_before),
            modified_date=person.modified_date,
            fingerprint=fingerprint,
            outcome=outcome,
            is_settled=is_settled(outcome) and fingerprint != _NOT_HANDLED,
            run_id=self.run_id,
        )

    def _profile(self, profile: Profile, outcome: Outcome, membership: Membership, *, settled: bool) -> ProfileSeen:
        return ProfileSeen(
            profile_id=profile.id,
            number_hash=self.number_hash(profile.number),
            membership=membership,
            fingerprint=self.profile_fingerprint(profile),
            subscription_stamp=self.subscription_stamp(profile),
            outcome=outcome,
            is_settled=settled,
            run_id=self.run_id,
        )
