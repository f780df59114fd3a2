from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes.aio.client import ApiClient
from kubernetes.aio.client.exceptions import ApiException

from anmc.api.names import Direction
from anmc.api.status import DirectionStatus, IntegrationStatus
from anmc.cluster.integrations import Integrations
from anmc.cluster.status import StatusConflict, StatusNotTaken, StatusTarget, StatusWriter, merge_patch
from anmc.cluster.versions import is_older
from support.controlled import NOON
from support.fake_world import patched

DOCUMENT = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), DOCUMENT, max_size=4)


@settings(deadline=None)
@given(before=DOCUMENTS, after=DOCUMENTS)
def test_a_merge_patch_turns_one_document_into_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert patched(before, merge_patch(before, after)) == after


@given(document=DOCUMENTS)
def test_nothing_is_patched_where_nothing_changed(document: dict[str, Any]) -> None:
    assert merge_patch(document, document) == {}


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("9", "10", True),
        ("10", "9", False),
        ("10", "10", False),
        ("99", "100", True),
        ("", "5", False),
        ("abc", "5", False),
        ("5", "abc", False),
        ("05", "6", False),
    ],
)
def test_versions_have_the_order_of_their_numbers(version: str, than: str, *, older: bool) -> None:
    assert is_older(version, than) is older


class Writing:
    """A writer on the real API server that counts its results."""

    def __init__(self, api: ApiClient, objects: Any) -> None:
        self.objects = objects
        self.results: list[str] = []
        self.given_up: list[int | None] = []
        self.integrations = Integrations(api)
        self.writer = StatusWriter(
            self.integrations, meter=self.results.append, given_up=lambda _, code: self.given_up.append(code)
        )

    async def target(self) -> StatusTarget:
        body = await self.objects.get()
        return StatusTarget(
            self.objects.namespace,
            "river-keepers",
            body["metadata"]["uid"],
            body["metadata"]["resourceVersion"],
            served=body.get("status", {}),
        )

    async def served(self) -> IntegrationStatus:
        return IntegrationStatus.from_dict((await self.objects.get()).get("status"))


@pytest.fixture
async def writing(api: ApiClient, objects: Any) -> Writing:
    await objects.create()
    return Writing(api, objects)


STATUS = IntegrationStatus(observed_generation=1, push=DirectionStatus(watermark=NOON, last_handled_request="a"))
LATER = IntegrationStatus(observed_generation=1, push=DirectionStatus(last_handled_request="b"))


async def test_a_written_status_is_served_as_it_was_written(writing: Writing) -> None:
    target = await writing.target()

    await writing.writer.write(target, STATUS)

    assert await writing.served() == STATUS
    assert target.served == (await writing.objects.get())["status"]
    assert target.resource_version == (await writing.objects.get())["metadata"]["resourceVersion"]
    assert writing.results == ["written"]


async def test_what_is_gone_from_the_status_is_gone_from_the_object(writing: Writing) -> None:
    target = await writing.target()
    await writing.writer.write(target, STATUS)

    await writing.writer.write(target, LATER)

    assert (await writing.served()).of(Direction.PUSH).watermark is None


async def test_an_unchanged_status_sends_nothing(writing: Writing) -> None:
    target = await writing.target()
    await writing.writer.write(target, STATUS)
    before = (await writing.objects.get())["metadata"]["resourceVersion"]

    await writing.writer.write(target, STATUS)

    assert (await writing.objects.get())["metadata"]["resourceVersion"] == before
    assert writing.results == ["written", "unchanged"]


async def test_a_claim_on_an_object_that_changed_conflicts_and_changes_nothing(writing: Writing) -> None:
    target = await writing.target()
    await writing.objects.edit(notes="edited meanwhile")
    before = await writing.served()

    with pytest.raises(StatusConflict):
        await writing.writer.claim(target, STATUS)

    assert await writing.served() == before
    assert writing.results == ["conflict"]


async def test_a_claim_on_an_object_that_is_gone_conflicts(writing: Writing) -> None:
    target = await writing.target()
    await writing.objects.delete()

    with pytest.raises(StatusConflict):
        await writing.writer.claim(target, STATUS)


async def test_a_claim_on_an_unchanged_object_is_taken_and_carries_the_new_version(writing: Writing) -> None:
    target = await writing.target()

    await writing.writer.claim(target, STATUS)

    assert await writing.served() == STATUS
    assert target.resource_version == (await writing.objects.get())["metadata"]["resourceVersion"]


async def test_a_claim_that_the_schema_refuses_is_no_conflict(writing: Writing) -> None:
    target = await writing.target()

    with pytest.raises(StatusNotTaken, match="422"):
        await writing.writer.claim(target, IntegrationStatus(push=DirectionStatus(consecutive_failures=-1)))


async def test_a_status_is_written_although_the_object_changed_meanwhile(writing: Writing) -> None:
    target = await writing.target()
    await writing.objects.edit(notes="edited meanwhile")

    await writing.writer.write(target, STATUS)

    assert await writing.served() == STATUS
    assert writing.results == ["conflict", "written"]


async def test_what_somebody_else_wrote_into_the_status_is_put_right(writing: Writing) -> None:
    target = await writing.target()
    await writing.writer.write(target, STATUS)
    await writing.objects.set_status(push={"lastHandledRequest": "forged", "consecutiveFailures": 7})

    await writing.writer.write(target, LATER)

    assert await writing.served() == LATER


async def test_an_object_of_the_same_name_made_anew_keeps_its_own_status(writing: Writing) -> None:
    target = await writing.target()
    await writing.objects.delete()
    await writing.objects.create()
    before = await writing.served()

    await writing.writer.write(target, STATUS)

    assert await writing.served() == before
    assert writing.results == ["conflict"]
    assert writing.given_up == []


async def test_the_status_of_an_object_that_is_gone_is_left_alone(writing: Writing) -> None:
    target = await writing.target()
    await writing.objects.delete()

    await writing.writer.write(target, STATUS)

    assert writing.given_up == []


async def test_a_status_that_the_schema_refuses_is_given_up_at_once(writing: Writing) -> None:
    target = await writing.target()

    await writing.writer.write(target, IntegrationStatus(push=DirectionStatus(consecutive_failures=-1)))

    assert writing.given_up == [422]
    assert writing.results == ["failed"]


@pytest.mark.parametrize("failure", [ApiException(status=429), ApiException(status=503), OSError(), TimeoutError()])
async def test_a_passing_failure_is_tried_again(
    writing: Writing, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, failures, patch = await writing.target(), [failure], writing.integrations.patch_status

    async def fail_once(*arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return await patch(*arguments, **named)

    monkeypatch.setattr(writing.integrations, "patch_status", fail_once)
    await writing.writer.write(target, STATUS)

    assert await writing.served() == STATUS
    assert writing.results == ["failed", "written"]
