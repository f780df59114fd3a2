"""Random histories of an integration that speaks of one campaign alone."""

import pytest

from sync.consent.machine import PATIENCE, Histories, how_many, try_histories


class OneCampaign(Histories):
    is_bound = True


@pytest.mark.slow(seconds=200)
@pytest.mark.timeout(PATIENCE * how_many())
def test_consent_holds_in_every_history() -> None:
    try_histories(OneCampaign)
