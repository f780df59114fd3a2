"""What the watch or a list shows of one integration, read defensively: a sighting never raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from anmc.api.names import (
    FULL_PULL_REQUEST_ANNOTATION,
    PULL_REQUEST_ANNOTATION,
    PUSH_REQUEST_ANNOTATION,
    SAFETY_OVERRIDE_ANNOTATION,
)
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import InvalidSpec


@dataclass(frozen=True, slots=True)
class Requests:
    """Tokens of the request annotations; empty when absent. Never shown to anybody."""

    push: str = field(default="", repr=False)
    pull: str = field(default="", repr=False)
    full_pull: str = field(default="", repr=False)
    safety_override: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One integration as the API server shows it. `spec` is None when `problem` says why it cannot be read."""

    namespace: str
    name: str
    uid: str
    created_at: datetime | None
    generation: int
    resource_version: str
    is_active: bool
    spec: DataSyncIntegrationSpec | None
    problem: InvalidSpec | None
    requests: Requests
    status: dict[str, Any]
    is_deleted: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any], *, deleted: bool = False) -> Self:
        """Read a body as it came; what is not of its type counts as absent."""
        metadata, raw = _object(body, "metadata"), _object(body, "spec")
        annotations = _object(metadata, "annotations")
        spec, problem = _read_spec(raw)
        generation = metadata.get("generation")
        return cls(
            namespace=_text(metadata, "namespace"),
            name=_text(metadata, "name"),
            uid=_text(metadata, "uid"),
            created_at=_time(metadata, "creationTimestamp"),
            generation=generation if isinstance(generation, int) else 0,
            resource_version=_text(metadata, "resourceVersion"),
            is_active=spec.active if spec else raw.get("active") is True,
            spec=spec,
            problem=problem,
            requests=Requests(
                push=_text(annotations, PUSH_REQUEST_ANNOTATION),
                pull=_text(annotations, PULL_REQUEST_ANNOTATION),
                full_pull=_text(annotations, FULL_PULL_REQUEST_ANNOTATION),
                safety_override=_text(annotations, SAFETY_OVERRIDE_ANNOTATION),
            ),
            status=dict(_object(body, "status")),
            is_deleted=deleted,
        )

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the Secrets that the spec refers to."""
        if self.spec is None:
            return frozenset()
        return frozenset(
            {
                self.spec.mobile_commons.credentials_secret_ref.name,
                self.spec.action_network.credentials_secret_ref.name,
            }
        )


@dataclass(frozen=True, slots=True)
class SecretSighting:
    """A labelled Secret that changed: its name, never its data."""

    namespace: str
    name: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read the names; the data is not looked at."""
        metadata = _object(body, "metadata")
        return cls(_text(metadata, "namespace"), _text(metadata, "name"))


def _read_spec(raw: Mapping[str, Any]) -> tuple[DataSyncIntegrationSpec | None, InvalidSpec | None]:
    try:
        return DataSyncIntegrationSpec.from_dict(raw), None
    except InvalidSpec as problem:
        return None, problem
    except (TypeError, ValueError, RecursionError):  # no JSON at all: no API server serves it
        return None, InvalidSpec("The spec cannot be read")


def _object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(parent: Mapping[str, Any], key: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def _time(parent: Mapping[str, Any], key: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(_text(parent, key))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
