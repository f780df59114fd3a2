from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anmc.controller.sighting import Requests, SecretSighting, Sighting
from support.controlled import a_body, a_sighting

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def hostile(*keys: str) -> st.SearchStrategy[Any]:
    """Return anything, or an object whose known keys hold anything."""
    return JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON))


METADATA = st.fixed_dictionaries(
    {},
    optional={
        "namespace": JSON,
        "name": JSON,
        "uid": JSON,
        "generation": JSON,
        "resourceVersion": JSON,
        "annotations": hostile("anmc.io/push-requested-at", "anmc.io/pull-requested-at"),
    },
)
SPEC = hostile("active", "mobileCommons", "actionNetwork", "push", "pull", "consent", "fieldMappings")
BODY = st.fixed_dictionaries({}, optional={"metadata": METADATA | JSON, "spec": SPEC, "status": JSON})


@settings(deadline=None)
@given(body=BODY)
def test_no_body_makes_a_sighting_raise(body: dict[str, Any]) -> None:
    sighting = Sighting.of(body)

    assert (sighting.spec is None) == (sighting.problem is not None)
    assert isinstance(sighting.generation, int)
    assert all(
        isinstance(text, str) for text in (sighting.namespace, sighting.name, sighting.uid, sighting.resource_version)
    )
    assert isinstance(sighting.requests.push, str)
    assert isinstance(sighting.status, dict)
    assert isinstance(sighting.secrets, frozenset)


@settings(deadline=None)
@given(body=BODY)
def test_no_body_makes_the_sighting_of_a_secret_raise(body: dict[str, Any]) -> None:
    sighting = SecretSighting.of(body)

    assert isinstance(sighting.namespace, str)
    assert isinstance(sighting.name, str)


def test_a_body_is_read_as_it_came() -> None:
    sighting = a_sighting(
        generation=4,
        version="77",
        annotations={
            "anmc.io/push-requested-at": "a",
            "anmc.io/pull-requested-at": "b",
            "anmc.io/full-pull-requested-at": "c",
            "example.org/team": "d",
        },
        status={"observedGeneration": 3},
    )

    assert (sighting.namespace, sighting.name, sighting.uid) == ("riverside", "river-keepers", "uid-1")
    assert (sighting.generation, sighting.resource_version) == (4, "77")
    assert sighting.requests == Requests(push="a", pull="b", full_pull="c")
    assert sighting.secrets == {"mobile-commons", "action-network"}
    assert sighting.status == {"observedGeneration": 3}
    assert sighting.is_active


def test_a_spec_that_cannot_be_read_is_a_sighting_with_a_problem() -> None:
    sighting = a_sighting(push__interval="soon")

    assert sighting.spec is None
    assert sighting.problem is not None
    assert "spec.push.interval" in sighting.problem.message
    assert sighting.is_active
    assert sighting.secrets == frozenset()


@pytest.mark.parametrize("active", [False, None, "true", 1])
def test_only_true_is_active_when_the_spec_cannot_be_read(active: object) -> None:
    assert not a_sighting(active=active, push__interval="soon").is_active


def test_the_tokens_of_requests_are_not_shown() -> None:
    sighting = a_sighting(annotations={"anmc.io/push-requested-at": "hush"})

    assert "hush" not in repr(sighting.requests)


def test_the_data_of_a_secret_is_not_looked_at() -> None:
    body = a_body(name="action-network") | {"data": {"token": "aHVzaA=="}}

    assert repr(SecretSighting.of(body)) == "SecretSighting(namespace='riverside', name='action-network')"
