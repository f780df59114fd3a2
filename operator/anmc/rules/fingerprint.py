"""One hash over everything that decides about a record, to know an unchanged one (sync.md 1, W9, Q21)."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from anmc.rules.consent import MembershipReading
from anmc.rules.hashing import Hasher
from anmc.rules.normalise import canonical, kind_of
from anmc.rules.phone import PhoneReading
from anmc.rules.policy import Policy
from anmc.rules.records import Person, Phone, Profile
from anmc.rules.states import Wish


def person_fingerprint(person: Person, phone: PhoneReading, wish: Wish, policy: Policy, hasher: Hasher) -> bytes:
    """Hash what decides about a person; the change stamp is left out, so that a mere touch shows (Q21)."""
    values = {mapping.field: person.values.get(mapping.api_field_name) for mapping in policy.mappings}
    return hasher.fingerprint(
        [
            "person",
            *_policy_parts(policy),
            f"number={phone.e164 if isinstance(phone, Phone) else phone.reason}",
            f"wish={wish}",
            f"sms={(person.sms_status or '').strip().lower()}",
            *_value_parts(values, country=person.values.get("country")),
        ]
    )


def profile_fingerprint(profile: Profile, reading: MembershipReading, policy: Policy, hasher: Hasher) -> bytes:
    """Hash what decides about a profile, its constituent ids included; the change stamp is left out (W9)."""
    rows = (*policy.mappings, *policy.missing)  # what is held is looked at again when it changes (F16)
    values: dict[str, str | None] = {mapping.field: profile.values.get(mapping.field) for mapping in rows}
    values[policy.constituent_column] = profile.values.get(policy.constituent_column)
    return hasher.fingerprint(
        [
            "profile",
            *_policy_parts(policy),
            f"number={profile.number.strip()}",
            f"membership={reading.membership}",
            f"at={_time(reading.at)}",
            f"other={_time(reading.other_opt_out_at)}",
            f"notes={','.join(reading.notes)}",
            f"constituents={','.join(sorted(profile.constituent_ids))}",
            *_value_parts(values, country=profile.values.get("country")),
        ]
    )


def subscription_stamp(activated_at: datetime | None, opted_out_at: datetime | None, hasher: Hasher) -> bytes:
    """Hash the dates of one subscription, as a row of the campaign and a profile both show them (W4)."""
    return hasher.fingerprint(["subscription", _time(activated_at), _time(opted_out_at)])


def _value_parts(values: Mapping[str, str | None], *, country: str | None) -> Iterator[str]:
    for field in sorted(values):
        yield f"{field}={canonical(kind_of(field), values[field], country=country or '')}"


def _policy_parts(policy: Policy) -> Iterator[str]:
    """Yield the parts of the spec that decide; the source code is sent at creation and decides nothing.

    A field that goes missing leaves the rows and comes back into them: whoever was handled without it is decided
    about again (F16).
    """
    rows = sorted(
        (row.field, row.api_field_name, row.required, row.direction.value, row.on_conflict.value)
        for row in policy.mappings
    )
    yield json.dumps(
        [
            policy.sync_type.value,
            policy.scope,
            policy.target,
            policy.opt_in_path,
            policy.opt_in_field,
            policy.constituent_column,
            policy.create_without_email,
            policy.carries_withdrawals,
            policy.default_region,
            sorted(policy.allowed_country_codes),
            rows,
        ]
    )


def _time(time: datetime | None) -> str:
    return "" if time is None else time.replace(microsecond=0).isoformat()
