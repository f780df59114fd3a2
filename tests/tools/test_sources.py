from collections.abc import Callable
from pathlib import Path

import pytest

from devcluster import MissingPrerequisite, sources
from devcluster.pins import Pins
from devcluster.sources import Build, Existing, Kind, Programs, choose

InstallFake = Callable[[str, str], Path]
GO_1_26 = "echo go version go1.26.8 linux/amd64"


@pytest.fixture
def everything(tmp_path: Path, machine: dict[str, str], install_fake: InstallFake) -> dict[str, str]:
    """A machine on which every source is there."""
    install_fake("docker", "exit 0")
    install_fake("kind", "exit 0")
    install_fake("go", GO_1_26)
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("etcd", "kube-apiserver"):
        (assets / name).touch(mode=0o755)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    return {**machine, "ANMC_KUBECONFIG": str(kubeconfig), "KUBEBUILDER_ASSETS": str(assets)}


def test_a_named_cluster_comes_before_everything(everything: dict[str, str], tmp_path: Path) -> None:
    assert choose(everything) == Existing(tmp_path / "kubeconfig")


def test_kind_comes_second(everything: dict[str, str]) -> None:
    del everything["ANMC_KUBECONFIG"]

    assert choose(everything) == Kind()


@pytest.mark.parametrize("missing", ["docker", "kind"])
def test_assets_come_third(everything: dict[str, str], programs: Path, tmp_path: Path, missing: str) -> None:
    del everything["ANMC_KUBECONFIG"]
    (programs / missing).unlink()

    assert choose(everything) == Programs(tmp_path / "assets")


def test_a_docker_engine_that_refuses_is_none(
    everything: dict[str, str], install_fake: InstallFake, tmp_path: Path
) -> None:
    del everything["ANMC_KUBECONFIG"]
    install_fake("docker", "exit 1")

    assert choose(everything) == Programs(tmp_path / "assets")


def test_a_docker_engine_that_never_answers_is_none(
    everything: dict[str, str], install_fake: InstallFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del everything["ANMC_KUBECONFIG"]
    install_fake("docker", "exec /bin/sleep 600")
    monkeypatch.setattr(sources, "DOCKER_PATIENCE", 0.2)

    assert choose(everything) == Programs(tmp_path / "assets")


def test_programs_built_before_need_no_go(machine: dict[str, str]) -> None:
    built = Pins().cache(machine)
    built.mkdir(parents=True)

    assert choose(machine) == Programs(built)


@pytest.mark.parametrize("version", ["go1.26.0", "go1.27rc1", "go2.0"])
def test_go_comes_last(machine: dict[str, str], install_fake: InstallFake, version: str) -> None:
    go = install_fake("go", f"echo go version {version} linux/amd64")

    assert choose(machine) == Build(str(go), Pins())


@pytest.mark.parametrize(
    ("go", "found"),
    [
        pytest.param(None, "(no kind; no Go)", id="nothing"),
        pytest.param("echo go version go1.25.9 linux/amd64", "Go 1.25, too old", id="old-go"),
        pytest.param("echo a game of stones", "no Go", id="another-go"),
        pytest.param("exit 1", "no Go", id="broken-go"),
    ],
)
def test_no_source_is_one_line_that_names_the_choices(
    machine: dict[str, str], install_fake: InstallFake, go: str | None, found: str
) -> None:
    if go:
        install_fake("go", go)

    with pytest.raises(MissingPrerequisite) as caught:
        choose(machine)

    line = str(caught.value)
    assert found in line
    assert "\n" not in line
    assert all(choice in line for choice in ("kind", "Go 1.26 or newer", "KUBEBUILDER_ASSETS", "ANMC_KUBECONFIG"))


def test_kind_without_docker_is_told_so(machine: dict[str, str], install_fake: InstallFake) -> None:
    install_fake("kind", "exit 0")

    with pytest.raises(MissingPrerequisite, match="kind, but no Docker engine answers"):
        choose(machine)


@pytest.mark.parametrize("variable", ["ANMC_KUBECONFIG", "KUBEBUILDER_ASSETS"])
def test_a_variable_that_leads_nowhere_is_an_error(
    machine: dict[str, str], install_fake: InstallFake, tmp_path: Path, variable: str
) -> None:
    install_fake("go", GO_1_26)
    machine[variable] = str(tmp_path / "nowhere")

    with pytest.raises(MissingPrerequisite, match=f"{variable}=.*nowhere"):
        choose(machine)
