"""Random histories of an integration that speaks of the whole company."""

import pytest

from sync.consent.machine import PATIENCE, Histories, how_many, try_histories


class CompanyWide(Histories):
    is_bound = False


@pytest.mark.slow(seconds=200)
@pytest.mark.timeout(PATIENCE * how_many())
def test_consent_holds_in_every_history() -> None:
    try_histories(CompanyWide)
