"""Every route has an operation that faults, limits and the journal can name."""

import itertools

import httpx
import pytest
from starlette.routing import Route

from anmc_simulators.action_network.app import create_app as create_action_network
from anmc_simulators.mobile_commons import app as mobile_commons_app
from anmc_simulators.operations import OPERATIONS, UNKNOWN, Service, check_operation
from anmc_simulators.simulation import Simulation


async def test_the_operations_of_action_network_are_those_of_its_routes() -> None:
    simulation = Simulation()
    app = create_action_network(simulation.action_network)
    queries = ["", "?per_page=1", "?filter=phone_number eq '13125550101'"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as client:
        for route, query in itertools.product(app.routes, queries):
            assert isinstance(route, Route)
            for method in (route.methods or set()) - {"HEAD"}:
                await client.request(method, f"{route.path.format(id='x', tag='x', tagging='x')}{query}")

    found = {request.operation for request in simulation.journal.requests}
    assert found == OPERATIONS[Service.ACTION_NETWORK].names - {UNKNOWN}


async def test_the_operations_of_mobile_commons_are_those_of_its_endpoints() -> None:
    simulation = Simulation()
    app = mobile_commons_app.create_app(simulation.mobile_commons)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as client:
        for endpoint in mobile_commons_app._ENDPOINTS:
            for query in ("", "?phone_number=12025550123", "?opt_in_path_id=1"):
                await client.get(f"/api/{endpoint}{query}")

    found = {request.operation for request in simulation.journal.requests}
    assert found == OPERATIONS[Service.MOBILE_COMMONS].names - {UNKNOWN}


def test_no_operation_is_of_two_kinds() -> None:
    for operations in OPERATIONS.values():
        count = len(operations.lists) + len(operations.reads) + len(operations.writes) + 1
        assert len(operations.names) == count


def test_an_operation_of_the_other_service_is_refused_with_those_there_are() -> None:
    check_operation("opt_in")
    check_operation("*", service=Service.ACTION_NETWORK)

    with pytest.raises(ValueError, match="action-network know create_person, delete_person"):
        check_operation("opt_in", service=Service.ACTION_NETWORK)
