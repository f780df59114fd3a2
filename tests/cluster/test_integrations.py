from typing import Any

import pytest
from kubernetes.aio.client import ApiClient
from kubernetes.aio.client.exceptions import ApiException

from anmc.cluster import integrations as module
from anmc.cluster.connection import connect, status_of
from anmc.cluster.integrations import Integrations
from anmc.errors import SettingsInvalid


async def test_all_integrations_are_walked_in_chunks(
    api: ApiClient, objects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await objects.create(f"integration-{number}")
    monkeypatch.setattr(module, "CHUNK", 2)
    integrations = Integrations(api, namespaces=[objects.namespace])
    pages: list[str | None] = []
    one_page = integrations._list

    async def listed(namespace: str | None, token: str | None) -> Any:
        pages.append(token)
        return await one_page(namespace, token)

    monkeypatch.setattr(integrations, "_list", listed)

    names = [body["metadata"]["name"] async for body in integrations.iter_all()]

    assert sorted(names) == [f"integration-{number}" for number in range(5)]
    assert len(pages) == 3


async def test_without_namespaces_every_namespace_is_served(api: ApiClient, objects: Any) -> None:
    created = await objects.create()

    uids = [body["metadata"]["uid"] async for body in Integrations(api).iter_all()]

    assert created["metadata"]["uid"] in uids


async def test_other_namespaces_than_the_served_ones_are_not_walked(api: ApiClient, objects: Any) -> None:
    await objects.create()

    assert [body async for body in Integrations(api, namespaces=["kube-system"]).iter_all()] == []


async def test_a_missing_kind_is_a_404(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTEGRATION_PLURAL", "nosuchthings")

    with pytest.raises(ApiException) as caught:
        _ = [body async for body in Integrations(api).iter_all()]

    assert status_of(caught.value) == 404


async def test_an_integration_is_read_by_name(api: ApiClient, objects: Any) -> None:
    await objects.create(notes="hello")

    body = await Integrations(api).get(objects.namespace, "river-keepers")

    assert body is not None
    assert body["spec"]["notes"] == "hello"


async def test_an_integration_that_is_gone_is_none(api: ApiClient, objects: Any) -> None:
    assert await Integrations(api).get(objects.namespace, "nobody") is None


def test_an_error_without_an_answer_has_no_status() -> None:
    assert status_of(OSError()) is None


@pytest.mark.parametrize("content", [None, "", "{", "- a\n- list\n", "just text", "clusters: 7\ncurrent-context: x\n"])
async def test_a_kubeconfig_that_cannot_be_used_is_a_setting_to_correct(
    content: str | None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(SettingsInvalid, match="KUBECONFIG"):
        async with connect():
            pass
