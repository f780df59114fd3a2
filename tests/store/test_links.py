"""A profile has one person, a person one profile, and their settled pairs stay what they were."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anmc.api.names import Category, Reason
from anmc.rules.outcomes import Outcome
from anmc.rules.records import NumberHash, PersonId, ProfileId
from anmc.rules.remembered import Link, LinkState, PersonSeen, ProfileSeen, SettledPair
from anmc.rules.states import Membership, Wish
from anmc.store.memory import SqlMemory
from anmc.store.settled import names_of, pack, unpack
from anmc.store.store import Store, StoreScope
from anmc.sync.ports import Changes, Walk

# The store outlives an example on purpose: each meets what earlier ones left.
ON_ONE_STORE: Final = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

hashes = st.binary(min_size=32, max_size=32)
settled_pairs = st.builds(SettledPair, hashes, hashes) | hashes.map(lambda digest: SettledPair(digest, digest))
settled_fields = st.dictionaries(st.text(max_size=12), settled_pairs, max_size=6)
links = st.builds(
    Link,
    st.sampled_from([ProfileId(str(number)) for number in range(5)]),
    st.sampled_from([PersonId(f"person-{number}") for number in range(5)]),
    hashes.map(NumberHash),
    settled_fields,
    st.sampled_from(LinkState),
    st.integers(0, 9),
)
people = st.builds(
    PersonSeen,
    person_id=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(PersonId),
    number_hash=st.none() | hashes.map(NumberHash),
    stated_wish=st.none() | st.sampled_from(Wish),
    wish_is_ours=st.booleans(),
    modified_date=st.none() | st.integers(0, 2**32).map(lambda second: datetime.fromtimestamp(second, UTC)),
    fingerprint=hashes,
    outcome=st.builds(
        Outcome,
        st.sampled_from(Category),
        st.sampled_from(Reason),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4).map(tuple),
    ),
    is_settled=st.booleans(),
    run_id=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)


def linked(profile: int, person: int, *, settled: Mapping[str, SettledPair] | None = None) -> Link:
    return Link(ProfileId(str(profile)), PersonId(f"person-{person}"), NumberHash(b"n" * 32), settled or {})


async def everything(memory: SqlMemory) -> set[tuple[str, str]]:
    known = await memory.recall(
        people=[PersonId(f"person-{number}") for number in range(5)],
        profiles=[ProfileId(str(number)) for number in range(5)],
    )
    by_person = {(link.profile_id, link.person_id) for link in known.link_of_person.values()}
    by_profile = {(link.profile_id, link.person_id) for link in known.link_of_profile.values()}
    assert by_person == by_profile
    return {(str(profile), str(person)) for profile, person in by_person}


@given(settled_fields)
def test_unpacking_gives_what_was_packed(settled: dict[str, SettledPair]) -> None:
    assert unpack(names_of(settled), pack(settled)) == settled


def test_an_agreed_field_costs_one_hash() -> None:
    agreed = {"city": SettledPair(b"a" * 32, b"a" * 32)}

    assert len(pack(agreed)) == 34


def test_what_is_too_long_for_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        pack({"city": SettledPair(b"a" * 255, b"")})


async def test_a_link_is_found_from_both_sides(memory: SqlMemory) -> None:
    link = linked(1, 2, settled={"city": SettledPair(b"a" * 32, b"b" * 32), "é": SettledPair(b"", b"c")})

    await memory.remember(Changes(links=[link]))

    known = await memory.recall(people=[link.person_id], profiles=[link.profile_id])
    assert known.link_of_person == {link.person_id: link}
    assert known.link_of_profile == {link.profile_id: link}


async def test_a_new_link_replaces_the_older_ones_of_both_sides(memory: SqlMemory) -> None:
    await memory.remember(Changes(links=[linked(1, 1), linked(2, 2), linked(3, 3)]))

    await memory.remember(Changes(links=[linked(1, 2)]))

    assert await everything(memory) == {("1", "person-2"), ("3", "person-3")}


async def test_links_of_one_change_replace_one_another_in_order(memory: SqlMemory) -> None:
    await memory.remember(Changes(links=[linked(1, 1), linked(2, 1), linked(2, 2)]))

    # As one after the other: (2, 1) ended (1, 1), then (2, 2) ended (2, 1).
    assert await everything(memory) == {("2", "person-2")}


@ON_ONE_STORE
@given(st.lists(st.lists(links, max_size=4), max_size=3))
async def test_links_stay_one_to_one(memory: SqlMemory, batches: list[list[Link]]) -> None:
    expected = await everything(memory)
    for batch in batches:
        await memory.remember(Changes(links=batch))
        for link in batch:
            expected = {pair for pair in expected if pair[0] != link.profile_id and pair[1] != link.person_id}
            expected.add((str(link.profile_id), str(link.person_id)))

    assert await everything(memory) == expected


@ON_ONE_STORE
@given(links)
async def test_any_link_comes_back(memory: SqlMemory, link: Link) -> None:
    await memory.remember(Changes(links=[link]))

    assert (await memory.recall(people=[link.person_id])).link_of_person == {link.person_id: link}


@ON_ONE_STORE
@given(people)
async def test_any_person_comes_back(memory: SqlMemory, seen: PersonSeen) -> None:
    await memory.remember(Changes(people=[seen]))

    assert (await memory.recall(people=[seen.person_id])).people == {seen.person_id: seen}


WALK: Final = Walk("push-1", datetime(2026, 3, 10, 15, 0, tzinfo=UTC))
NEXT_WALK: Final = Walk("push-2", WALK.began_at + timedelta(days=7))


async def shows(memory: SqlMemory, walk: Walk, *profiles: int) -> None:
    """Let a walk show a page of profiles."""
    await memory.remember(Changes(shown=dict.fromkeys([ProfileId(str(each)) for each in profiles], walk.began_at)))


async def missed_walks(memory: SqlMemory) -> dict[str, int]:
    known = await memory.recall(profiles=[ProfileId(str(number)) for number in range(5)])
    return {profile: link.missed_walks for profile, link in sorted(known.link_of_profile.items())}


class TestWalks:
    async def test_a_walk_is_missed_by_the_links_that_it_did_not_show(self, memory: SqlMemory) -> None:
        await memory.remember(Changes(links=[linked(1, 1), linked(2, 2), linked(3, 3)]))

        await shows(memory, WALK, 1)
        await shows(memory, WALK, 2, 4)
        await memory.remember(Changes(walked=WALK))

        assert await missed_walks(memory) == {"1": 0, "2": 0, "3": 1}

    async def test_whoever_misses_walk_after_walk_is_counted_and_whoever_is_shown_begins_anew(
        self, memory: SqlMemory
    ) -> None:
        await memory.remember(Changes(links=[linked(1, 1), linked(2, 2)]))
        await memory.remember(Changes(walked=WALK))

        await shows(memory, NEXT_WALK, 1)
        await memory.remember(Changes(walked=NEXT_WALK))

        assert await missed_walks(memory) == {"1": 0, "2": 2}

    async def test_what_an_earlier_walk_showed_has_missed_this_one(self, memory: SqlMemory) -> None:
        await memory.remember(Changes(links=[linked(1, 1)]))
        await shows(memory, WALK, 1)
        await memory.remember(Changes(walked=WALK))

        await memory.remember(Changes(walked=NEXT_WALK))

        assert await missed_walks(memory) == {"1": 1}

    async def test_a_walk_that_is_not_whole_counts_nothing(self, memory: SqlMemory) -> None:
        await memory.remember(Changes(links=[linked(1, 1), linked(2, 2)]))

        await shows(memory, WALK, 1)

        assert await missed_walks(memory) == {"1": 0, "2": 0}

    async def test_a_link_made_by_the_run_that_walks_was_at_hand(self, memory: SqlMemory) -> None:
        """Its page may have passed before, or a look-up have shown it."""
        handled = ProfileSeen(
            profile_id=ProfileId("1"),
            number_hash=None,
            membership=Membership.ACTIVE,
            fingerprint=b"f" * 32,
            subscription_stamp=b"",
            outcome=Outcome(Category.LINKED, Reason.APPLIED),
            is_settled=True,
            run_id=WALK.run_id,
        )
        await memory.remember(Changes(links=[linked(1, 1)], profiles=[handled]))

        await memory.remember(Changes(walked=WALK))
        after_its_own = await missed_walks(memory)
        await memory.remember(Changes(walked=NEXT_WALK))

        assert after_its_own == {"1": 0}
        assert await missed_walks(memory) == {"1": 1}

    @pytest.mark.parametrize("state", [LinkState.BROKEN, LinkState.RETIRED])
    async def test_a_link_that_ended_is_missed_by_nobody(self, memory: SqlMemory, state: LinkState) -> None:
        await memory.remember(Changes(links=[replace(linked(1, 1), state=state)]))

        await memory.remember(Changes(walked=WALK))

        assert await missed_walks(memory) == {"1": 0}

    async def test_the_links_of_other_integrations_are_left_alone(self, store: Store, memory: SqlMemory) -> None:
        other = store.memory(StoreScope("uid-2", "mc.example.org/acme/all"))
        await other.remember(Changes(links=[linked(1, 1)]))
        await memory.remember(Changes(links=[linked(2, 2)]))

        await memory.remember(Changes(walked=WALK))

        assert (await missed_walks(other), await missed_walks(memory)) == ({"1": 0}, {"2": 1})
