"""Two integrations on one pair of accounts (sync.md W16)."""

from collections.abc import Iterator

import pytest

from support.integrations import Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import Account


@pytest.fixture
def pair(operator: OperatorProcess, shared_home: Home, account: Account) -> Iterator[tuple[Integration, Integration]]:
    """The older and the younger one; created within a second, their uids decide, as for the operator."""
    assert operator.is_alive()
    both = [shared_home.integrate(account), shared_home.integrate(account)]
    older, younger = sorted(both, key=age)
    yield older, younger
    for integration in both:
        if integration.exists():
            integration.delete()


def age(integration: Integration) -> tuple[str, str]:
    metadata = integration.get()["metadata"]
    return metadata["creationTimestamp"], metadata["uid"]


def test_the_younger_one_does_nothing_until_the_older_one_is_gone(pair: tuple[Integration, Integration]) -> None:
    older, younger = pair

    ready = younger.wait_for_reason("Ready", "DuplicateIntegration")

    assert ready["status"] == "False"
    assert f"/{older.name} works on the same accounts" in ready["message"]
    assert younger.condition("Stalled")["reason"] == "DuplicateIntegration"
    assert older.wait_for_first_push().condition("Ready")["status"] == "True"

    older.delete()
    younger.patch(notes="Now alone.")
    younger.wait_for_reason("Ready", "Synced")

    assert younger.condition("Stalled") == {}
