from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SAMPLES = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy").glob("samples/*/integration.yaml"))]
CRD = yaml.safe_load((ROOT / "crds/datasyncintegrations.yaml").read_text())
SPEC_SCHEMA = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def schema_paths(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from schema_paths(part.get("items", part), f"{path}.{name}")


def written_paths(value: object, path: str = "") -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value]:
        for name, part in entry.items() if isinstance(entry, dict) else ():
            yield f"{path}.{name}"
            yield from written_paths(part, f"{path}.{name}")


def test_the_samples_together_show_every_field() -> None:
    shown = {path for sample in SAMPLES for path in written_paths(sample["spec"])}

    assert set(schema_paths(SPEC_SCHEMA)) - shown == set()


def test_each_sample_says_whether_it_is_active() -> None:
    assert all("active" in sample["spec"] for sample in SAMPLES)


def test_no_two_samples_can_be_mistaken_for_each_other() -> None:
    names = [sample["metadata"]["name"] for sample in SAMPLES]

    assert len(set(names)) == len(names) > 0
