import pytest

from anmc.rules.consent import MembershipReading
from anmc.rules.gone import is_lifted, is_missed
from anmc.rules.states import Membership
from support.rule_builders import ACTIVE, EARLY, LATER, NOON, OUT


@pytest.mark.parametrize(
    ("missed_walks", "expected"),
    [
        pytest.param(0, False, id="M13-seen-by-the-last-walk"),
        pytest.param(1, False, id="M13-one-walk-proves-nothing"),
        pytest.param(2, True, id="M13-two-in-a-row"),
        pytest.param(3, True, id="M13-or-more"),
    ],
)
def test_a_profile_is_missed_after_two_walks(missed_walks: int, *, expected: bool) -> None:
    assert is_missed(missed_walks) == expected


def test_m14_only_a_newer_activation_lifts_a_tombstone() -> None:
    assert is_lifted(EARLY, ACTIVE)
    assert not is_lifted(NOON, ACTIVE)
    assert not is_lifted(LATER, ACTIVE)
    assert not is_lifted(None, ACTIVE)
    assert not is_lifted(EARLY, OUT)
    assert not is_lifted(EARLY, MembershipReading(Membership.ACTIVE, None))
