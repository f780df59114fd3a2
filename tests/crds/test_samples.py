"""Every sample against a real API server."""

import re
from pathlib import Path

import pytest

from devcluster import Cluster, KubectlFailed

ROOT = Path(__file__).parents[2]
VALID = sorted((ROOT / "crds/valid").glob("*.yaml"))
INVALID = sorted((ROOT / "crds/invalid").glob("*.yaml"))
DEPLOYED = sorted(path.parent for path in (ROOT / "deploy").glob("samples/*/integration.yaml"))

CONSEQUENCES = re.compile("some validation rules were not checked|type conversion error")
"""What the API server adds to a broken rule because another one could not be checked any more."""


def apply(cluster: Cluster, namespace: str, *source: str) -> str:
    return cluster.kubectl("apply", "--dry-run=server", "--validate=strict", f"--namespace={namespace}", *source)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_sample_is_accepted(cluster: Cluster, namespace: str, path: Path) -> None:
    assert "created (server dry run)" in apply(cluster, namespace, f"--filename={path}")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_sample_is_refused_for_the_one_rule_that_it_breaks(
    cluster: Cluster, namespace: str, path: Path
) -> None:
    heading = re.match("# Refused: (.+)\n", path.read_text())
    assert heading, "the first line says what the API server answers"

    with pytest.raises(KubectlFailed) as refusal:
        apply(cluster, namespace, f"--filename={path}")

    assert heading[1] in refusal.value.stderr
    problems = [line for line in refusal.value.stderr.splitlines() if line.startswith("* ")]
    assert len([problem for problem in problems if not CONSEQUENCES.search(problem)]) <= 1


@pytest.mark.parametrize("directory", DEPLOYED, ids=lambda path: path.name)
def test_a_shipped_sample_is_accepted_with_its_secrets(cluster: Cluster, namespace: str, directory: Path) -> None:
    answer = apply(cluster, namespace, f"--kustomize={directory}")

    assert sorted(re.findall("^(?:secret|datasyncintegration)", answer, re.MULTILINE)) == [
        "datasyncintegration",
        "secret",
        "secret",
    ]
