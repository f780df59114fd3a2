"""Faults by service and operation."""

from typing import Any

import pytest

from anmc_simulators.faults import Fault, Faults

SERVICE = "mobile-commons"


def test_a_fault_happens_as_often_as_ordered() -> None:
    faults = Faults()
    faults.set(SERVICE, "get_profile", status=503, times=2)

    taken = [faults.take(SERVICE, "get_profile") for _ in range(3)]

    assert [fault.status if fault else None for fault in taken] == [503, 503, None]


def test_a_fault_without_a_number_of_times_stays_until_cleared() -> None:
    faults = Faults()
    faults.set(SERVICE, "get_profile", latency=1.5)

    before = [faults.take(SERVICE, "get_profile") for _ in range(3)]
    faults.clear()

    assert before == [Fault(latency=1.5)] * 3
    assert faults.take(SERVICE, "get_profile") is None


def test_a_fault_concerns_its_service_and_operation_only() -> None:
    faults = Faults()
    faults.set(SERVICE, "get_profile", status=500)

    assert faults.take("action-network", "get_profile") is None
    assert faults.take(SERVICE, "list_profiles") is None


def test_the_fault_of_an_operation_goes_before_the_one_of_all() -> None:
    faults = Faults()
    faults.set(SERVICE, "*", status=500)
    faults.set(SERVICE, "get_profile", status=429, times=1)

    statuses = [faults.take(SERVICE, "get_profile"), faults.take(SERVICE, "get_profile")]

    assert [fault.status if fault else None for fault in statuses] == [429, 500]


def test_the_document_shows_what_is_left() -> None:
    faults = Faults()
    faults.set(SERVICE, "get_profile", status=503, times=3)
    faults.take(SERVICE, "get_profile")

    assert faults.document() == [
        {"service": SERVICE, "operation": "get_profile", "latency": 0, "status": 503, "times": 2}
    ]


@pytest.mark.parametrize(
    ("service", "fault", "message"),
    [
        ("mobile_commons", {"status": 500}, "service must be one of action-network, mobile-commons"),
        (SERVICE, {}, "needs a latency, a status or both"),
        (SERVICE, {"latency": -1}, "latency must not be negative"),
        (SERVICE, {"status": 200}, "status must be from 400 to 599"),
        (SERVICE, {"status": 500, "times": 0}, "times must be at least 1"),
    ],
)
def test_a_fault_that_means_nothing_is_refused(service: str, fault: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Faults().set(service, **fault)
