"""The choice of where a cluster comes from: the first that is there."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster.errors import MissingPrerequisite
from devcluster.pins import KUBERNETES_VERSION, Pins

DOCKER_PATIENCE: Final = 10.0
"""Seconds. `docker info` of an engine that lives takes well under one; a dead remote one never answers."""

OLDEST_GO: Final = (1, 26)
"""What tools/control-plane/go.mod asks for."""

CHOICES: Final = (
    "start Docker and install kind, or install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory "
    "with etcd and kube-apiserver, or set ANMC_KUBECONFIG to the kubeconfig of a cluster"
)


@dataclass(frozen=True, slots=True)
class Existing:
    """A cluster that somebody else runs: `ANMC_KUBECONFIG`."""

    kubeconfig: Path

    @property
    def title(self) -> str:
        """What a person is told."""
        return f"the cluster of ANMC_KUBECONFIG={self.kubeconfig}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A cluster of kind in the Docker engine that answers."""

    @property
    def title(self) -> str:
        """What a person is told."""
        return "kind, in the Docker engine that answers here"


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory with etcd and kube-apiserver, and with kube-controller-manager unless it is envtest's."""

    directory: Path

    @property
    def title(self) -> str:
        """What a person is told."""
        return f"the programs in {self.directory}"


@dataclass(frozen=True, slots=True)
class Build:
    """Go, which makes the programs from their pinned source."""

    go: str
    pins: Pins

    @property
    def title(self) -> str:
        """What a person is told."""
        return f"Kubernetes {KUBERNETES_VERSION}, built here with Go"


Source = Existing | Kind | Programs | Build


def choose(environ: Mapping[str, str] = os.environ, pins: Pins | None = None) -> Source:
    """Return the first source that is there.

    A variable that is set counts as a wish: when it leads nowhere, that is an error, not a reason to go on.

    Raises:
        MissingPrerequisite: there is none, or a variable leads nowhere.
    """
    pins = pins or Pins()
    if wish := environ.get("ANMC_KUBECONFIG"):
        return _existing(Path(wish).expanduser())
    kind = shutil.which("kind", path=environ.get("PATH"))
    if kind and _docker_answers(environ):
        return Kind()
    if wish := environ.get("KUBEBUILDER_ASSETS"):
        return _assets(Path(wish).expanduser())
    if (cache := pins.cache(environ)).is_dir():
        return Programs(cache)
    go = shutil.which("go", path=environ.get("PATH"))
    version = _go_version(go, environ) if go else None
    if go and version and version >= OLDEST_GO:
        return Build(go, pins)
    found = [
        "kind, but no Docker engine answers" if kind else "no kind",
        f"Go {version[0]}.{version[1]}, too old" if version else "no Go",
    ]
    raise MissingPrerequisite(f"no Kubernetes can run here ({'; '.join(found)}): {CHOICES}")


def _existing(kubeconfig: Path) -> Existing:
    if not kubeconfig.is_file():
        raise MissingPrerequisite(f"ANMC_KUBECONFIG={kubeconfig} is no file: correct it, or unset it")
    return Existing(kubeconfig.resolve())


def _assets(directory: Path) -> Programs:
    for name in ("etcd", "kube-apiserver"):
        if not os.access(directory / name, os.X_OK):
            raise MissingPrerequisite(
                f"KUBEBUILDER_ASSETS={directory} holds no program {name}: correct it, or unset it"
            )
    return Programs(directory.resolve())


def _docker_answers(environ: Mapping[str, str]) -> bool:
    docker = shutil.which("docker", path=environ.get("PATH"))
    if docker is None:
        return False
    try:
        info = subprocess.run(
            [docker, "info"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=DOCKER_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return False
    return info.returncode == 0


def _go_version(go: str, environ: Mapping[str, str]) -> tuple[int, int] | None:
    """Return major and minor; None when the program does not say so in Go's way."""
    # GOTOOLCHAIN=local: the question is what is here, not what could be downloaded.
    answer = subprocess.run(
        [go, "version"],
        env={**environ, "GOTOOLCHAIN": "local"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.search(r"\bgo(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else None
