"""The simulators as a process, Parsons as another, and accounts that share nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support.parsons_process import Connector, Parsons, running_parsons
from support.simulators import Account, Record, Simulators, running_simulators

PEOPLE = 2300
"""Invented people of the large account: enough for a second page of profiles, each of which takes 1000."""


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    with running_simulators(tmp_path_factory.mktemp("simulators")) as running:
        yield running


@pytest.fixture(scope="session")
def parsons(simulators: Simulators) -> Iterator[Parsons]:
    origins = {"action_network": simulators.action_network, "mobile_commons": simulators.mobile_commons}
    with running_parsons(**origins) as running:
        yield running


@pytest.fixture(scope="session")
def invented(simulators: Simulators) -> Record:
    """What the simulators say of a large account: credentials, ids, counts."""
    return simulators.post("/seed", {"people": PEOPLE})


@pytest.fixture
def account(simulators: Simulators) -> Account:
    return simulators.open_account()


@pytest.fixture
def action_network(parsons: Parsons, account: Account) -> Connector:
    return parsons.action_network(key=account.key)


@pytest.fixture
def mobile_commons(parsons: Parsons, account: Account) -> Connector:
    return parsons.mobile_commons(token=account.token, company=account.company)
