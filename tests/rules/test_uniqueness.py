from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc.rules.uniqueness import Claim, find_elder, overlap

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

ONE = Claim(
    created_at=NOON,
    uid="a",
    people=b"list 1",
    opt_in_field="sms_opt_in",
    origin="https://secure.mcommons.com",
    company_key="CO1",
    campaigns=frozenset({"200001", "200002"}),
    scope=None,
)
STRANGER = replace(
    ONE, uid="b", people=b"list 2", opt_in_field="other", company_key="CO2", campaigns=frozenset({"200009"})
)


@pytest.mark.parametrize(
    ("changes", "do_overlap"),
    [
        pytest.param({}, False, id="W16-nothing-in-common"),
        pytest.param({"people": b"list 1"}, False, id="W16-one-list-with-two-boxes"),
        pytest.param({"opt_in_field": "sms_opt_in"}, False, id="W16-two-lists-with-boxes-of-one-name"),
        pytest.param({"people": b"list 1", "opt_in_field": "sms_opt_in"}, True, id="W16-one-box-of-one-list"),
        pytest.param({"company_key": "CO1"}, True, id="W16-one-company-by-its-key"),
        pytest.param({"campaigns": frozenset({"200002", "200009"})}, True, id="W16-one-company-by-a-campaign"),
        pytest.param({"company_key": None}, False, id="W16-the-company-of-another-login"),
        pytest.param(
            {"company_key": "CO1", "campaigns": ONE.campaigns, "origin": "https://eu.mcommons.com"},
            False,
            id="W16-another-origin",
        ),
    ],
)
def test_integrations_overlap_on_one_box_or_in_one_company(changes: dict[str, Any], *, do_overlap: bool) -> None:
    other = replace(STRANGER, **changes)

    assert overlap(ONE, other) is do_overlap
    assert overlap(other, ONE) is do_overlap


def test_logins_without_a_key_are_told_apart_by_their_campaigns() -> None:
    one, other = replace(ONE, company_key=None), replace(STRANGER, company_key=None)

    assert not overlap(one, other)
    assert overlap(one, replace(other, campaigns=one.campaigns))


@pytest.mark.parametrize(
    ("scope", "other_scope", "do_overlap"),
    [
        pytest.param(None, None, True, id="W16-both-unbound"),
        pytest.param("200001", None, True, id="W16-one-unbound"),
        pytest.param("200001", "200001", True, id="W16-one-campaign"),
        pytest.param("200001", "200002", False, id="W16-two-campaigns"),
    ],
)
def test_one_company_is_shared_by_campaigns(scope: str | None, other_scope: str | None, *, do_overlap: bool) -> None:
    one, other = replace(ONE, scope=scope), replace(STRANGER, company_key="CO1", scope=other_scope)

    assert overlap(one, other) is do_overlap


def test_the_oldest_goes_first_and_between_two_of_one_second_the_uid_decides() -> None:
    twin = replace(ONE, uid="b")
    late = replace(ONE, uid="0", created_at=NOON + timedelta(seconds=1))

    assert find_elder(ONE, [twin, late]) is None
    assert find_elder(twin, [late, ONE]) == ONE
    assert find_elder(late, [twin, ONE]) == ONE


claims = st.builds(
    Claim,
    created_at=st.integers(0, 2).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    uid=st.sampled_from("abc"),
    people=st.sampled_from([b"1", b"2"]),
    opt_in_field=st.sampled_from(["one", "other"]),
    origin=st.sampled_from(["https://a", "https://b"]),
    company_key=st.sampled_from([None, "CO1", "CO2"]),
    campaigns=st.frozensets(st.sampled_from(["1", "2", "3"])),
    scope=st.sampled_from([None, "1", "2"]),
)


@given(one=claims, other=claims)
def test_claims_that_overlap_share_a_mark_by_which_they_are_found(one: Claim, other: Claim) -> None:
    if overlap(one, other):
        assert set(one.marks()) & set(other.marks())


@given(st.lists(claims, max_size=5, unique_by=lambda claim: claim.uid))
def test_of_overlapping_claims_at_least_the_oldest_may_work(all_claims: list[Claim]) -> None:
    free = [claim for claim in all_claims if find_elder(claim, all_claims) is None]

    assert bool(free) == bool(all_claims)
    assert not any(overlap(one, other) for one in free for other in free if one is not other)
