"""The parts of a spec that decide what happens to people, with what verification found out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from anmc.api.names import SyncType
from anmc.api.spec import DataSyncIntegrationSpec, FieldMapping
from anmc.rules.records import CUSTOM_COLUMN, CUSTOM_FIELD


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules need to know of one integration.

    `scope` is the campaign whose subscription the opt-in field speaks of, None for all of them; `target` is the
    campaign of the opt-in path, None when nobody can be subscribed (sync.md 1). `opt_in_field` and
    `constituent_column` are names as `Person.values` and `Profile.values` use them. `carries_withdrawals` says that an
    opt-out made in Action Network opts out in Mobile Commons (C8). `missing` are rows of the mapping whose field Action
    Network no longer lists: they are no `mappings`, so that nobody takes what is not there for an empty value (F16).
    """

    sync_type: SyncType
    scope: str | None
    target: str | None
    opt_in_path: str | None
    opt_in_field: str
    constituent_column: str
    source_code: str
    create_without_email: bool
    default_region: str
    allowed_country_codes: frozenset[int]
    mappings: tuple[FieldMapping, ...]
    carries_withdrawals: bool = True
    missing: tuple[FieldMapping, ...] = ()

    @classmethod
    def of(cls, spec: DataSyncIntegrationSpec, *, target: str | None, missing: Collection[str] = ()) -> "Policy":
        """Take the deciding parts out of a spec.

        `target` is as verification read it from the campaigns, `missing` are the API field names that it did not find.
        """
        rows = data_mappings(spec.effective_mappings())
        return cls(
            sync_type=spec.sync_type,
            scope=spec.mobile_commons.campaign_id,
            target=target,
            opt_in_path=spec.mobile_commons.opt_in_path,
            opt_in_field=CUSTOM_FIELD + spec.action_network.opt_in_field,
            constituent_column=CUSTOM_COLUMN + spec.mobile_commons.constituent_id_column,
            source_code=spec.action_network.source_code,
            create_without_email=spec.action_network.create_without_email,
            default_region=spec.default_region,
            allowed_country_codes=frozenset(spec.allowed_country_codes),
            mappings=tuple(row for row in rows if row.api_field_name not in missing),
            carries_withdrawals=spec.consent.opt_out_from_action_network,
            missing=tuple(row for row in rows if row.api_field_name in missing),
        )


FIXED_FIELDS = frozenset({"phone_number", "opt_in_status", "constituent_id"})
"""Rows of the mapping that are not data: identity and consent have rules of their own (sync.md F14)."""


def data_mappings(mappings: Sequence[FieldMapping]) -> tuple[FieldMapping, ...]:
    """Return the rows that carry data, e-mail included."""
    return tuple(mapping for mapping in mappings if mapping.field not in FIXED_FIELDS)
