"""Credentials that are missing, incomplete or refused, each with its reason, and recovery without a restart."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from support.integrations import Home, Integration
from support.operator_process import OperatorProcess
from support.simulators import Account


@pytest.fixture
def unborn(operator: OperatorProcess, shared_home: Home, account: Account) -> Iterator[Integration]:
    """An integration without Secrets that is not created yet."""
    assert operator.is_alive()
    integration = Integration(shared_home, account, f"river-{uuid4().hex[:8]}")
    yield integration
    integration.delete()


def renew_token(integration: Integration) -> None:
    integration.put_commons_secret(token=integration.account.token)


def renew_key(integration: Integration) -> None:
    integration.put_network_secret(token=integration.account.key)


@pytest.mark.parametrize(
    ("direction", "replace", "renew", "service", "secret"),
    [
        pytest.param("push", Account.replace_token, renew_token, "Mobile Commons", "commons_secret", id="token"),
        pytest.param("pull", Account.replace_key, renew_key, "Action Network", "network_secret", id="key"),
    ],
)
def test_a_rotated_credential_is_refused_until_the_secret_has_the_new_one(
    integration: Integration,
    direction: str,
    replace: Callable[[Account, str], None],
    renew: Callable[[Integration], None],
    service: str,
    secret: str,
) -> None:
    replace(integration.account, f"rotated-{integration.name}")
    integration.request(direction)
    refused = integration.wait_for_reason("CredentialsValid", "AuthenticationFailed")

    renew(integration)
    integration.wait_for_reason("CredentialsValid", "Verified")
    after = integration.run(direction)

    assert refused["status"] == "False"
    assert f"{service} refused the" in refused["message"]
    assert f'Secret "{getattr(integration, secret)}"' in refused["message"]
    assert 'under "token"' in refused["message"]
    assert after["lastRun"]["result"] == "Succeeded"
    assert integration.condition("Ready")["reason"] == "Synced"
    assert integration.condition("Stalled") == {}


def test_a_missing_secret_is_named_and_taken_up_once_it_is_there(unborn: Integration, account: Account) -> None:
    unborn.put_commons_secret(token=account.token)
    unborn.create()
    missing = unborn.wait_for_reason("CredentialsValid", "SecretNotFound")
    requests = account.operations()

    unborn.put_network_secret(token=account.key)
    unborn.wait_for_first_push()

    assert missing["status"] == "False"
    assert f'Secret "{unborn.network_secret}" does not exist' in missing["message"]
    assert requests == []
    assert unborn.condition("CredentialsValid")["reason"] == "Verified"
    assert unborn.condition("Stalled") == {}


def test_a_missing_key_is_named_and_taken_up_once_it_is_there(unborn: Integration, account: Account) -> None:
    unborn.put_commons_secret(token=account.token)
    unborn.put_network_secret(tokn=account.key)
    unborn.create()
    missing = unborn.wait_for_reason("CredentialsValid", "SecretKeyMissing")
    stalled = unborn.condition("Stalled")

    unborn.put_network_secret(token=account.key)
    unborn.wait_for_first_push()

    assert f'Secret "{unborn.network_secret}" lacks "token"' in missing["message"]
    assert stalled["reason"] == "CredentialsInvalid"
    assert unborn.condition("CredentialsValid")["reason"] == "Verified"
