from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, V1ObjectMeta, V1Secret, V1ServiceAccount

from anmc.cluster.connection import connect
from anmc.cluster.secrets import Secrets
from anmc.errors import PermissionDenied, SecretKeyMissing, SecretNotFound, ServiceUnavailable
from devcluster import Cluster


async def put_secret(objects: Any, name: str = "action-network", **data: str) -> None:
    """Create a Secret; the values are those of `data`, in base64."""
    await objects.core.create_namespaced_secret(
        objects.namespace, V1Secret(metadata=V1ObjectMeta(name=name), data=data or None)
    )


async def test_the_keys_of_a_secret_are_decoded(api: ApiClient, objects: Any) -> None:
    await put_secret(objects, token="c2VzYW1l", login="YW5h")

    assert await Secrets(api).read(objects.namespace, "action-network") == {"token": "sesame", "login": "ana"}


async def test_an_empty_secret_has_no_keys(api: ApiClient, objects: Any) -> None:
    await put_secret(objects)

    assert await Secrets(api).read(objects.namespace, "action-network") == {}


async def test_a_missing_secret_is_named_with_what_to_do(api: ApiClient, objects: Any) -> None:
    with pytest.raises(SecretNotFound, match="action-network") as caught:
        await Secrets(api).read(objects.namespace, "action-network")

    assert objects.namespace in caught.value.message
    assert caught.value.remedy


async def test_a_value_that_is_no_text_is_told_without_the_value(api: ApiClient, objects: Any) -> None:
    await put_secret(objects, token="/w==")

    with pytest.raises(SecretKeyMissing, match="not text") as caught:
        await Secrets(api).read(objects.namespace, "action-network")

    assert "xff" not in repr(caught.value)


@pytest.fixture
async def stranger(cluster: Cluster, objects: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return how to connect as a service account without any right."""
    await objects.core.create_namespaced_service_account(
        objects.namespace, V1ServiceAccount(metadata=V1ObjectMeta(name="stranger"))
    )
    path = cluster.service_account_kubeconfig("stranger", namespace=objects.namespace, path=tmp_path / "kubeconfig")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return connect


async def test_a_missing_right_is_told_with_what_to_do(stranger: Any, objects: Any) -> None:
    async with stranger() as api:
        with pytest.raises(PermissionDenied, match="action-network") as caught:
            await Secrets(api).read(objects.namespace, "action-network")

    assert "get" in caught.value.remedy


async def test_secrets_are_watched_only_where_they_may_be_listed(api: ApiClient, stranger: Any, objects: Any) -> None:
    allowed = await Secrets(api).may_watch([])
    allowed_in_namespace = await Secrets(api).may_watch([objects.namespace])
    async with stranger() as other:
        refused = await Secrets(other).may_watch([])
        refused_in_namespace = await Secrets(other).may_watch([objects.namespace])

    assert (allowed, allowed_in_namespace) == (True, True)
    assert (refused, refused_in_namespace) == (False, False)


async def test_an_api_server_that_does_not_answer_is_tried_again_later(
    api: ApiClient, objects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = Secrets(api)

    async def away(*_: Any, **__: Any) -> None:
        raise OSError("connection to 10.0.0.1 refused")

    monkeypatch.setattr(secrets._api, "read_namespaced_secret", away)

    with pytest.raises(ServiceUnavailable, match="OSError"):
        await secrets.read(objects.namespace, "action-network")
