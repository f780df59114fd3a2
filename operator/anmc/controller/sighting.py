"""What the watch or a list shows of one integration, read defensively: a sighting never raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from anmc.api.names import (
    FULL_PULL_REQUEST_ANNOTATION,
    PULL_REQUEST_ANNOTATION,
    PUSH_REQUEST_ANNOTATION,
)
from anmc.api.spec import DataSyncIntegrationSpec
from anmc.errors import InvalidSpec


@dataclass(frozen=True, slots=True)
class Requests:
    """Tokens of the request annotations; empty when absent. Never shown to anybody."""

    push: str = field(default="", repr=False)
    pull: str = field(default="", repr=False)
    full_pull: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One integration as the API server shows it. `spec` is None when `problem` says why it cannot be read."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    created: str
    is_active: bool
    spec: DataSyncIntegrationSpec | None
    problem: InvalidSpec | None
    requests: Requests
    status: dict[str, Any]
    is_deleted: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any], *, deleted: bool = False) -> Self:
        """Read a body as it came."""
        metadata: Mapping[str, Any] = body.get("metadata") or {}
        raw: Mapping[str, Any] = body.get("spec") or {}
        annotations: Mapping[str, str] = metadata.get("annotations") or {}
        spec, problem = None, None
        try:
            spec = DataSyncIntegrationSpec.from_dict(raw)
        except InvalidSpec as error:
            problem = error
        return cls(
            namespace=metadata.get("namespace", ""),
            name=metadata.get("name", ""),
            uid=metadata.get("uid", ""),
            generation=int(metadata.get("generation") or 0),
            resource_version=metadata.get("resourceVersion", ""),
            created=metadata.get("creationTimestamp", ""),
            is_active=spec.active if spec else raw.get("active") is True,
            spec=spec,
            problem=problem,
            requests=Requests(
                push=annotations.get(PUSH_REQUEST_ANNOTATION, ""),
                pull=annotations.get(PULL_REQUEST_ANNOTATION, ""),
                full_pull=annotations.get(FULL_PULL_REQUEST_ANNOTATION, ""),
            ),
            status=dict(body.get("status") or {}),
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
    """A labelled Secret that changed: its name and version, never its data."""

    namespace: str
    name: str
    resource_version: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read the metadata of a body; its data is not looked at."""
        metadata: Mapping[str, Any] = body.get("metadata") or {}
        return cls(metadata.get("namespace", ""), metadata.get("name", ""), metadata.get("resourceVersion", ""))
