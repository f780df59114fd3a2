"""Names that a spec gets wrong are named before anything is written (sync.md W14, C3, F16)."""

import pytest

from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import FieldMappingInvalid, InvalidSpec, ServiceUnavailable
from anmc.sync.verify import Verified, verify
from sync.world import ADA, World


async def verified(world: World, *, is_new: bool = True) -> Verified:
    spec = DataSyncIntegrationSpec.from_dict(world.spec)
    return await verify(spec, world.mobile_commons, world.action_network, is_new=is_new)


@pytest.fixture(autouse=True)
def _somebody(world: World) -> None:
    """A company shows its columns by a profile."""
    world.adds_profile(ADA)


async def test_the_campaign_of_the_path_is_found(world: World) -> None:
    assert await verified(world) == Verified(world.campaign.id, frozenset({world.campaign.id}))
    assert world.writes == []


async def test_without_a_path_there_is_no_target(world: World) -> None:
    world.specify("mobileCommons.optInPath", None)

    assert await verified(world) == Verified(None, frozenset({world.campaign.id}))


@pytest.mark.rule("C3", "W14")
async def test_a_campaign_that_the_company_lacks_is_named(world: World) -> None:
    world.specify("mobileCommons.campaignId", "424242")

    with pytest.raises(InvalidSpec, match=r"spec\.mobileCommons\.campaignId: the company has no campaign 424242"):
        await verified(world)


@pytest.mark.rule("C3", "W14")
async def test_a_path_whose_campaign_is_not_shown_needs_one(world: World) -> None:
    world.specify("mobileCommons.optInPath", "424242")

    with pytest.raises(InvalidSpec, match=r"spec\.mobileCommons\.optInPath: .* does not show the campaign"):
        await verified(world)


async def test_a_path_whose_campaign_is_not_shown_is_taken_with_one(world: World) -> None:
    world.specify("mobileCommons.optInPath", "424242")
    world.specify("mobileCommons.campaignId", world.campaign.id)

    assert await verified(world) == Verified(world.campaign.id, frozenset({world.campaign.id}))


@pytest.mark.rule("C3", "W14")
async def test_a_path_of_another_campaign_is_refused(world: World) -> None:
    other = world.company.add_campaign("Other")
    world.specify("mobileCommons.campaignId", other.id)

    with pytest.raises(InvalidSpec, match=f"belongs to campaign {world.campaign.id}, not to campaignId {other.id}"):
        await verified(world)


@pytest.mark.rule("F16", "W14")
async def test_a_missing_column_is_named(world: World) -> None:
    world.specify("mobileCommons.constituentIdColumn", "an_id")
    world.specify("fieldMappings", [{"field": "custom.county", "apiFieldName": "custom_fields.team"}])

    with pytest.raises(FieldMappingInvalid, match='Mobile Commons has no custom column "an_id", "county"'):
        await verified(world)


@pytest.mark.rule("W14")
async def test_an_empty_company_proves_no_column_missing(world: World) -> None:
    world.company.profiles.clear()
    world.specify("mobileCommons.constituentIdColumn", "an_id")

    assert await verified(world) == Verified(world.campaign.id, frozenset({world.campaign.id}))


@pytest.mark.rule("F16", "W14")
async def test_missing_custom_fields_are_named(world: World) -> None:
    world.specify("actionNetwork.optInField", "opted_in")
    world.specify("fieldMappings", [{"field": "custom.team", "apiFieldName": "custom_fields.club"}])

    with pytest.raises(FieldMappingInvalid, match='Action Network has no custom field "club", "opted_in"'):
        await verified(world)


@pytest.mark.rule("F16", "W14")
async def test_a_custom_field_that_vanished_is_held(world: World) -> None:
    world.specify("fieldMappings", [{"field": "custom.team", "apiFieldName": "custom_fields.club"}])

    assert (await verified(world, is_new=False)).missing == {"custom_fields.club"}


@pytest.mark.rule("F16", "W14")
async def test_an_opt_in_field_that_vanished_holds_everything(world: World) -> None:
    world.specify("actionNetwork.optInField", "opted_in")
    world.specify("fieldMappings", [{"field": "custom.team", "apiFieldName": "custom_fields.club"}])

    with pytest.raises(FieldMappingInvalid, match='Action Network has no custom field "opted_in"'):
        await verified(world, is_new=False)


@pytest.mark.rule("F16", "W14")
async def test_a_column_that_vanished_holds_everything(world: World) -> None:
    world.specify("mobileCommons.constituentIdColumn", "an_id")

    with pytest.raises(FieldMappingInvalid, match='Mobile Commons has no custom column "an_id"'):
        await verified(world, is_new=False)


async def test_a_refused_list_is_no_word_about_the_names(world: World) -> None:
    world.faults.set("mobile-commons", "list_campaigns", status=422)

    with pytest.raises(ServiceUnavailable, match="refused list_campaigns"):
        await verified(world)
