"""One key for the life of a store: kept inside, or given from outside and never written down."""

from pathlib import Path

import pytest

from anmc.errors import SettingsInvalid
from anmc.store.store import Store

GIVEN = b"an invented key from a Secret, forty-eight letters"
OTHER = b"another key"


def stored_bytes(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir())


async def opened_once(url: str, hash_key: bytes | None = None) -> bytes:
    store = await Store.open(url, hash_key=hash_key)
    await store.close()
    return store.hash_key


async def test_a_new_store_makes_a_key_and_keeps_it(store_url: str) -> None:
    first = await opened_once(store_url)

    assert await opened_once(store_url) == first
    assert len(first) == 64


async def test_each_store_makes_a_key_of_its_own(tmp_path: Path) -> None:
    keys = {await opened_once(f"sqlite:///{tmp_path}/{name}.db") for name in ("one", "two")}

    assert len(keys) == 2


async def test_a_kept_key_can_be_moved_into_the_environment(store_url: str, store_file: Path) -> None:
    kept = await opened_once(store_url)
    assert kept in stored_bytes(store_file.parent)

    as_variable = kept.decode("ascii")
    store = await Store.open(store_url, hash_key=as_variable.encode())

    assert store.hash_key == kept
    assert kept not in stored_bytes(store_file.parent)
    await store.close()
    assert kept not in stored_bytes(store_file.parent)


async def test_a_given_key_is_in_force_and_not_in_the_store(store_url: str, store_file: Path) -> None:
    assert await opened_once(store_url, GIVEN) == GIVEN
    assert await opened_once(store_url, GIVEN) == GIVEN

    assert GIVEN not in stored_bytes(store_file.parent)


@pytest.mark.parametrize("first", [pytest.param(GIVEN, id="given-before"), pytest.param(None, id="kept-before")])
async def test_another_key_is_refused_and_changes_nothing(store_url: str, first: bytes | None) -> None:
    key = await opened_once(store_url, first)

    with pytest.raises(SettingsInvalid, match="ANMC_HASH_KEY is not the key") as refusal:
        await Store.open(store_url, hash_key=OTHER)

    assert OTHER.decode() not in refusal.value.sentence
    assert await opened_once(store_url, first) == key


async def test_a_key_kept_outside_has_to_be_given_again(store_url: str) -> None:
    await opened_once(store_url, GIVEN)

    with pytest.raises(SettingsInvalid, match="ANMC_HASH_KEY is missing"):
        await Store.open(store_url)
