"""Verification: do the names of a spec exist in both accounts (sync.md W14, C3, F16)."""

from collections.abc import Iterable
from dataclasses import dataclass

from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import FieldMappingInvalid, InvalidSpec
from anmc.rules.records import CUSTOM_COLUMN, CUSTOM_FIELD, Campaign
from anmc.sync.failures import ending_the_run
from anmc.sync.ports import ActionNetwork, MobileCommons


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification found out.

    `target` is the campaign of the opt-in path, None when there is no path; `campaigns` are all that the company has.
    `missing` are mapped API field names that Action Network no longer lists: each of them is held (F16).
    """

    target: str | None
    campaigns: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


async def verify(
    spec: DataSyncIntegrationSpec, mobile_commons: MobileCommons, action_network: ActionNetwork, *, is_new: bool
) -> Verified:
    """Check credentials and names, before anything is written; three calls.

    `is_new` says that nothing was ever done by this spec: then each name has to be there.

    Raises:
        InvalidSpec: a campaign or path does not fit the company.
        FieldMappingInvalid: a name is missing that a new spec maps, or that every spec needs.
        AuthenticationFailed: a service refused the credentials.
        ServiceUnavailable: a service failed, or refused to show its names.
    """
    with ending_the_run():
        campaigns = await mobile_commons.list_campaigns()
        target = _target(spec, campaigns)
        sample = await mobile_commons.sample_profile()
        if sample is not None:  # an empty company shows no columns, which proves nothing missing
            _check_columns(spec, {name for name in sample.values if name.startswith(CUSTOM_COLUMN)})
        missing = _missing_fields(spec, await action_network.list_custom_fields(), is_new=is_new)
    return Verified(target, frozenset(campaign.id for campaign in campaigns), missing)


def _target(spec: DataSyncIntegrationSpec, campaigns: Iterable[Campaign]) -> str | None:
    """Find the campaign that the opt-in path leads to (sync.md C3)."""
    by_id = {campaign.id: campaign for campaign in campaigns}
    campaign_id, path = spec.mobile_commons.campaign_id, spec.mobile_commons.opt_in_path
    if campaign_id is not None and campaign_id not in by_id:
        raise InvalidSpec(
            f"spec.mobileCommons.campaignId: the company has no campaign {campaign_id}",
            remedy="Take the id from Mobile Commons, and check companyKey if the login sees several companies.",
        )
    if path is None:
        return None
    of_path = next((campaign.id for campaign in by_id.values() if path in campaign.opt_in_paths), None)
    if of_path is None and campaign_id is None:
        raise InvalidSpec(
            "spec.mobileCommons.optInPath: Mobile Commons does not show the campaign of this path",
            remedy="Name its campaign in spec.mobileCommons.campaignId, or correct the path.",
        )
    if of_path is not None and campaign_id is not None and of_path != campaign_id:
        raise InvalidSpec(
            f"spec.mobileCommons.optInPath: the path belongs to campaign {of_path}, not to campaignId {campaign_id}",
            remedy="Let both name the same campaign.",
        )
    return of_path or campaign_id


def _check_columns(spec: DataSyncIntegrationSpec, columns: set[str]) -> None:
    wanted = {CUSTOM_COLUMN + spec.mobile_commons.constituent_id_column}
    wanted |= {row.field for row in spec.effective_mappings() if row.field.startswith(CUSTOM_COLUMN)}
    if missing := sorted(wanted - columns):
        raise FieldMappingInvalid(
            f"Mobile Commons has no custom column {_quoted(missing, CUSTOM_COLUMN)}",
            remedy="Create it in Mobile Commons, or correct fieldMappings and constituentIdColumn.",
        )


def _missing_fields(spec: DataSyncIntegrationSpec, names: frozenset[str], *, is_new: bool) -> frozenset[str]:
    """Return what may be held, and refuse what may not: a field that vanished stops no other one (sync.md F16)."""
    listed = {CUSTOM_FIELD + name for name in names}
    rows = [row for row in spec.effective_mappings() if row.api_field_name.startswith(CUSTOM_FIELD)]
    missing = [row for row in rows if row.api_field_name not in listed]
    if needed := sorted({row.api_field_name for row in missing if is_new or row.is_fixed}):
        raise FieldMappingInvalid(
            f"Action Network has no custom field {_quoted(needed, CUSTOM_FIELD)}",
            remedy="Create it in Action Network, or correct fieldMappings and optInField.",
        )
    return frozenset(row.api_field_name for row in missing)


def _quoted(names: Iterable[str], prefix: str) -> str:
    return ", ".join(f'"{name.removeprefix(prefix)}"' for name in names)
