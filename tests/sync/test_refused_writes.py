"""What becomes of a person whom Mobile Commons does not take (sync.md Q20)."""

import pytest

from anmc_simulators.mobile_commons.faults import ApplicationError
from sync.world import ADA, BEN, World, rows


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(5, "PhoneRejected", id="Q20-the-number"),
        pytest.param(77, "ServiceRefused", id="Q20-anything-else"),
    ],
)
async def test_a_refused_profile_is_the_outcome_of_its_person_alone(world: World, error: int, reason: str) -> None:
    world.adds_person(ADA, "1")
    world.adds_person(BEN, "1")
    world.faults.order(ApplicationError(id=error), "mobile-commons", "update_profile", times=1)

    end = await world.pull()

    assert rows(end) == {("UnableToUpdate", reason): 1, ("Subscribed", "Applied"): 1}
    assert len(world.texted) == len(world.company.profiles) == 1
