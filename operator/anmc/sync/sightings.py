"""What to remember of a record: our own write is no change, and nobody else's passes for ours (sync.md W9, I10)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from anmc.rules.consent import Membership, Wish, read_membership, read_wish
from anmc.rules.fingerprint import person_fingerprint, profile_fingerprint, subscription_stamp
from anmc.rules.hashing import Hasher
from anmc.rules.normalise import email_or_none
from anmc.rules.outcomes import Outcome, is_settled
from anmc.rules.phone import PhoneReading, read_phone
from anmc.rules.policy import Policy
from anmc.rules.records import NumberHash, Person, Phone, Profile
from anmc.rules.remembered import PersonSeen, ProfileSeen
from anmc.rules.withdrawal import read_sms_status

_NOT_HANDLED: Final = b""
"""Fingerprint of a record whose present form nobody has decided about yet; equal to none."""

_NO_RUN: Final = ""
"""Run of a record that was written to and not handled: it counts in none."""

NUMBER_FIELD: Final = "phone_number"
"""Name under which a number is added to a person (sync.md A4); it is no value of the person."""


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

    def handled_person(self, person: Person, outcome: Outcome, *, before: PersonSeen | None) -> PersonSeen:
        """Return the entry of a person about whom this run has decided, in the form read."""
        wish = read_wish(person.values.get(self.policy.opt_in_field)).wish
        stated_before = before.stated_wish if before else None
        stated = stated_before if wish is Wish.UNKNOWN else wish
        return PersonSeen(
            person_id=person.id,
            number_hash=self.number_hash(person.number),
            stated_wish=stated,
            wish_is_ours=before is not None and before.wish_is_ours and stated == stated_before,
            modified_date=person.modified_date,
            fingerprint=self.person_fingerprint(person),
            outcome=outcome,
            is_settled=is_settled(outcome),
            run_id=self.run_id,
            stated_sms=read_sms_status(person.sms_status) or (before.stated_sms if before else None),
        )

    def created_person(self, person: Person, outcome: Outcome) -> PersonSeen:
        """Return the entry of a person whom a push made: all of it is ours, the wish too."""
        return replace(self.handled_person(person, outcome, before=None), wish_is_ours=True)

    def written_person(
        self,
        person: Person,
        outcome: Outcome,
        *,
        read: Person | None,
        written: Mapping[str, str],
        before: PersonSeen | None,
    ) -> PersonSeen:
        """Return the entry of a person after a write of ours, which is nobody's change (sync.md C5, W9).

        `person` is as `rewritten_person` returns it. The form counts as handled only if a pull knew the one read
        before the write: else an edit made in Action Network meanwhile would pass for our own. What a pull said
        of the person stays.
        """
        entry = before or replace(self.handled_person(person, outcome, before=None), run_id=_NO_RUN)
        if self.policy.opt_in_field in written:
            wish = read_wish(person.values.get(self.policy.opt_in_field)).wish
            stated = entry.stated_wish if wish is Wish.UNKNOWN else wish
            entry = replace(entry, stated_wish=stated, wish_is_ours=True)
        if NUMBER_FIELD in written:
            entry = replace(entry, number_hash=self.number_hash(person.number))
        if before is None or read is None or self.person_fingerprint(read) != before.fingerprint:
            return replace(entry, fingerprint=_NOT_HANDLED, is_settled=False)
        return replace(
            entry,
            number_hash=self.number_hash(person.number),
            modified_date=person.modified_date,
            fingerprint=self.person_fingerprint(person),
        )

    def released_person(self, before: PersonSeen, outcome: Outcome, *, refused: Person | None = None) -> PersonSeen:
        """Return the entry of a person whose queued opt-in was examined.

        It keeps the form that a pull has handled: what else the person says by now is left to the next one. If
        the opt-in was refused to another form, `refused`, the one handled counts no more: a person who returns to
        it asks anew.
        """
        if refused is not None and self.person_fingerprint(refused) != before.fingerprint:
            before = replace(before, fingerprint=_NOT_HANDLED, is_settled=False)
        settled = before.is_settled and is_settled(outcome)
        return replace(before, outcome=outcome, is_settled=settled, run_id=self.run_id)

    def handled_profile(self, profile: Profile, outcome: Outcome) -> ProfileSeen:
        """Return the entry of a profile about which this run has decided, in the form read."""
        return ProfileSeen(
            profile_id=profile.id,
            number_hash=self.number_hash(profile.number),
            membership=read_membership(profile, self.policy.scope).membership,
            fingerprint=self.profile_fingerprint(profile),
            subscription_stamp=self.subscription_stamp(profile),
            email_hash=self.email_hash(profile),
            outcome=outcome,
            is_settled=is_settled(outcome),
            run_id=self.run_id,
        )

    def created_profile(self, answer: Profile, outcome: Outcome) -> ProfileSeen | None:
        """Return the entry of a profile that a pull made; None if it has a membership, which is not our doing."""
        if read_membership(answer, self.policy.scope).membership is not Membership.NEVER:
            return None
        return replace(self.handled_profile(answer, outcome), is_settled=True, run_id=_NO_RUN)

    def written_profile(self, profile: Profile, *, read: Profile, before: ProfileSeen | None) -> ProfileSeen | None:
        """Return the entry of a profile after a write of ours, None while a push has to look at it anyway.

        `profile` is as `rewritten_profile` returns it. If no push knew the form read before the write, it may
        hold an opt-out that none has seen.
        """
        if before is None or self.profile_fingerprint(read) != before.fingerprint:
            return None
        return replace(
            before,
            membership=read_membership(profile, self.policy.scope).membership,
            fingerprint=self.profile_fingerprint(profile),
            subscription_stamp=self.subscription_stamp(profile),
            email_hash=self.email_hash(profile),
        )

    def opted_in_profile(self, answer: Profile, *, read: Profile, before: ProfileSeen | None) -> ProfileSeen | None:
        """Return the entry of a profile after an opt-in call that made a membership; None as `written_profile`."""
        if read_membership(answer, self.policy.scope).membership not in {Membership.ACTIVE, Membership.PENDING}:
            return None
        profile = replace(answer, number=read.number, values=read.values, constituent_ids=read.constituent_ids)
        return self.written_profile(profile, read=read, before=before)

    def email_hash(self, profile: Profile) -> bytes | None:
        """Hash a profile's address, compared without case (sync.md N4); None when it has no usable one."""
        email = email_or_none(profile.values.get("email"))
        return None if email is None else self.hasher.value("email", email.casefold())

    def subscription_stamp(self, profile: Profile) -> bytes:
        """Hash the dates of the profile's row in the watched campaign, as a subscriber row shows them."""
        campaign = self.policy.scope or self.policy.target
        for subscription in profile.subscriptions:
            if subscription.campaign_id == campaign:
                return subscription_stamp(subscription.activated_at, subscription.opted_out_at, self.hasher)
        return b""


def rewritten_profile(read: Profile, answer: Profile, written: Mapping[str, str]) -> Profile:
    """Return a profile as read, with what the answer to a write shows of the values written.

    Whatever else the answer shows came between the two: nobody has decided about it yet.
    """
    return replace(read, values={**read.values, **{name: answer.values.get(name, "") for name in written}})


def rewritten_person(read: Person, answer: Person, written: Mapping[str, str]) -> Person:
    """Return a person as read, with what the answer to a write shows of the values written; as for a profile."""
    has_number = NUMBER_FIELD in written
    return replace(
        read,
        modified_date=answer.modified_date,
        number=answer.number if has_number else read.number,
        sms_status=answer.sms_status if has_number else read.sms_status,
        values={**read.values, **{name: answer.values.get(name) for name in written if name != NUMBER_FIELD}},
    )
