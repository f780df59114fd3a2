import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from devcluster.pins import KUBERNETES_VERSION, MODULE, Pins


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    shutil.copytree(MODULE, tmp_path / "control-plane")
    return Pins(module=tmp_path / "control-plane")


def test_another_checkout_has_the_same_key(pins: Pins) -> None:
    assert pins.key() == Pins().key()


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_another_pin_has_another_key(pins: Pins, name: str) -> None:
    before = pins.key()

    with (pins.module / name).open("a") as file:
        file.write("\n")

    assert pins.key() != before


def test_another_flag_has_another_key(pins: Pins) -> None:
    assert replace(pins, flags=(*pins.flags, "-race")).key() != pins.key()


def test_the_cache_lies_where_the_user_keeps_caches(pins: Pins) -> None:
    name = f"control-plane-{pins.key()}"

    assert pins.cache({"XDG_CACHE_HOME": "/caches", "HOME": "/home/ada"}) == Path("/caches/anmc") / name
    assert pins.cache({"XDG_CACHE_HOME": "", "HOME": "/home/ada"}) == Path("/home/ada/.cache/anmc") / name


def test_the_version_that_is_told_is_the_one_that_is_pinned() -> None:
    pinned = re.search(r"^\tk8s\.io/kubernetes (\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)

    assert pinned is not None
    assert pinned[1] == KUBERNETES_VERSION
