"""The models and the schema of the CRDs say the same."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from anmc.api.durations import format_duration
from anmc.api.report import SyncReport
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.api.status import IntegrationStatus
from anmc.errors import InvalidSpec

Schema = dict[str, Any]

CRDS = Path(__file__).parents[2] / "crds"
BOUNDS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")


def crd_schema(file: str) -> Schema:
    crd = yaml.safe_load((CRDS / file).read_text())
    schema: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


INTEGRATION = crd_schema("datasyncintegrations.yaml")
REPORT = crd_schema("syncreports.yaml")


def model_schema(model: type) -> Schema:
    """Return a model's JSON schema without references, and without the null that stands for absent."""
    whole = TypeAdapter(model).json_schema(by_alias=True, mode="validation")

    def resolved(part: Schema) -> Schema:
        if "$ref" in part:
            return resolved(whole["$defs"][part["$ref"].rsplit("/", 1)[-1]])
        if "anyOf" in part:
            (choice,) = [choice for choice in part["anyOf"] if choice != {"type": "null"}]
            return resolved(choice)
        part = dict(part)
        if "properties" in part:
            part["properties"] = {name: resolved(value) for name, value in part["properties"].items()}
        if "items" in part:
            part["items"] = resolved(part["items"])
        return part

    return resolved(whole)


def walk(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from walk(part, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")


PAIRS = [
    pytest.param(DataSyncIntegrationSpec, INTEGRATION["properties"]["spec"], id="spec"),
    pytest.param(IntegrationStatus, INTEGRATION["properties"]["status"], id="status"),
    pytest.param(SyncReport, REPORT["properties"]["report"], id="report"),
]


@pytest.mark.parametrize(("model", "crd"), PAIRS)
def test_models_and_crds_have_the_same_fields_of_the_same_types(model: type, crd: Schema) -> None:
    ours = {path: part["type"] for path, part in walk(model_schema(model), "")}

    assert ours == {path: part["type"] for path, part in walk(crd, "")}


@pytest.mark.parametrize(("model", "crd"), PAIRS)
def test_models_and_crds_require_the_same_fields(model: type, crd: Schema) -> None:
    ours = {path: set(part.get("required", ())) for path, part in walk(model_schema(model), "")}
    # metav1.Condition requires them; ours have defaults, and are always written.
    if (conditions := ".conditions[]") in ours:
        ours[conditions] |= {"message"}

    assert ours == {path: set(part.get("required", ())) for path, part in walk(crd, "")}


@pytest.mark.parametrize(("model", "crd"), PAIRS)
def test_a_closed_set_has_the_same_members_or_fits_the_pattern(model: type, crd: Schema) -> None:
    theirs = dict(walk(crd, ""))
    choices = {path: part["enum"] for path, part in walk(model_schema(model), "") if "enum" in part}

    assert {path for path, part in theirs.items() if "enum" in part} <= set(choices)
    for path, members in choices.items():
        if "enum" in theirs[path]:
            assert members == theirs[path]["enum"]
        else:
            assert all(re.fullmatch(theirs[path]["pattern"], member) for member in members)
            assert max(map(len, members)) <= theirs[path]["maxLength"]


def test_the_spec_has_the_same_bounds_in_both() -> None:
    def bounds(schema: Schema) -> dict[str, Schema]:
        return {path: {key: part[key] for key in BOUNDS if key in part} for path, part in walk(schema, "")}

    assert bounds(model_schema(DataSyncIntegrationSpec)) == bounds(INTEGRATION["properties"]["spec"])


@pytest.mark.parametrize("schema", [INTEGRATION, REPORT], ids=["integration", "report"])
def test_every_text_list_and_number_has_a_bound(schema: Schema) -> None:
    def is_bounded(part: Schema) -> bool:
        match part["type"]:
            case "string":
                return bool({"maxLength", "enum"} & part.keys()) or part.get("format") == "date-time"
            case "integer":
                return "minimum" in part and ("maximum" in part or part.get("format") == "int64")
            case "array":
                return "maxItems" in part
            case _:
                return part["type"] in {"object", "boolean"}

    assert [path for path, part in walk(schema, "") if not is_bounded(part)] == []


def test_the_schema_has_no_defaults_but_those_of_active_and_the_generation() -> None:
    defaults = {path: part["default"] for path, part in walk(INTEGRATION, "") if "default" in part}

    assert defaults == {".spec.active": False, ".status": {"observedGeneration": -1}}


@pytest.mark.parametrize(
    "schema", [INTEGRATION["properties"]["spec"], REPORT["properties"]["report"]], ids=["spec", "report"]
)
def test_every_field_is_described(schema: Schema) -> None:
    fields = [(path, part) for path, part in walk(schema, "") if not path.endswith("[]")]

    assert [path for path, part in fields if not part.get("description", "").endswith(".")] == []


def leaf_defaults(model: type[BaseModel], path: str) -> Iterator[tuple[str, object]]:
    for field in model.model_fields.values():
        place = f"{path}.{field.alias}"
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from leaf_defaults(annotation, place)
        elif not field.is_required() and isinstance(field.default, bool | int | StrEnum | timedelta | str):
            yield place, field.default


@pytest.mark.parametrize(("path", "default"), [*leaf_defaults(DataSyncIntegrationSpec, "")])
def test_the_description_names_the_default(path: str, default: object) -> None:
    description = dict(walk(INTEGRATION["properties"]["spec"], ""))[path]["description"].lower()
    word = format_duration(default) if isinstance(default, timedelta) else str(default).lower() or "empty"

    assert f"default {word}" in description or f"{word} (default)" in description


def samples(folder: str, kind: str) -> list[Path]:
    return [path for path in sorted((CRDS / folder).glob("*.yaml")) if f"kind: {kind}\n" in path.read_text()]


@pytest.mark.parametrize("path", samples("valid", "DataSyncIntegration"), ids=lambda path: path.stem)
def test_a_valid_sample_can_be_read(path: Path) -> None:
    DataSyncIntegrationSpec.from_dict(yaml.safe_load(path.read_text())["spec"])


NO_MATTER_OF_THE_SPEC = {"name-too-long", "spec-missing"}


@pytest.mark.parametrize(
    "path",
    [path for path in samples("invalid", "DataSyncIntegration") if path.stem not in NO_MATTER_OF_THE_SPEC],
    ids=lambda path: path.stem,
)
def test_what_the_api_server_refuses_is_refused_here_too(path: Path) -> None:
    with pytest.raises(InvalidSpec):
        DataSyncIntegrationSpec.from_dict(yaml.safe_load(path.read_text())["spec"])
