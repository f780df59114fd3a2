"""Process settings: environment variables, read once at the start."""

import os
import re
import secrets
import socket
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from anmc.errors import SettingsInvalid

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where Kubernetes tells a pod its namespace."""

MAX_PORT: Final = 65_535

_ADDRESS: Final = re.compile(r"([^:\s]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")

_NAMESPACE: Final = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _check_namespace(name: str) -> str:
    if not _NAMESPACE.fullmatch(name):
        raise ValueError("must be the name of a namespace: lower-case letters, digits and hyphens, 63 at most")
    return name


Namespace = Annotated[str, AfterValidator(_check_namespace)]

Namespaces = Annotated[tuple[Namespace, ...], NoDecode]
"""Comma-separated text; blanks around entries and empty entries are dropped."""


def _own_namespace() -> str:
    try:
        return _NAMESPACE_FILE.read_text().strip() or "default"
    except OSError:
        return "default"


class Settings(BaseSettings):
    """Environment variables of the operator, prefix `ANMC_`; all are optional (api.md 8)."""

    model_config = SettingsConfigDict(env_prefix="ANMC_", env_ignore_empty=True, frozen=True, extra="ignore")

    namespaces: Namespaces = ()
    """Namespaces to watch; empty means all of them."""

    database_url: SecretStr = SecretStr("sqlite:///./anmc.db")
    """SQLAlchemy URL of the store; secret because it may hold a password."""

    hash_key: SecretStr | None = None
    """Secret of the keyed hashes; unset: generated once and kept in the database."""

    allowed_origins: str = "https://*.mcommons.com,https://actionnetwork.org"
    """Origins that specs may name; an `http://` origin must be listed in full."""

    http_address: str = "0.0.0.0:8080"
    """Where `/metrics`, `/healthz` and `/readyz` are served; port 0 takes a free one."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] | None = None
    """Unset: `console` on a terminal, else `json`."""

    max_concurrent_runs: int = Field(default=50, ge=1, le=1000)
    """Runs at the same time."""

    shards: int = Field(default=1, ge=1, le=1)
    """Number of shards; more than one comes with a shared store."""

    shard: int = Field(default=0, ge=0, le=0)
    """The shard of this process."""

    pod_name: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    pod_uid: str = Field(default_factory=lambda: secrets.token_hex(8))
    """Together they say who holds the Lease; a new pod is never taken for the old one."""

    lease_namespace: Namespace = Field(default_factory=_own_namespace)
    """Where the Lease `anmc-shard-<n>` lives."""

    @field_validator("http_address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value) or int(value.rpartition(":")[2]) > MAX_PORT:
            raise ValueError("must be a host and a port, such as 0.0.0.0:8080 or [::]:8080")
        return value

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(entry for part in value.split(",") if (entry := part.strip()))
        return value

    @property
    def identity(self) -> str:
        """The holder's name in the Lease."""
        return f"{self.pod_name}_{self.pod_uid}"

    @property
    def lease_name(self) -> str:
        """The name of this shard's Lease."""
        return f"anmc-shard-{self.shard}"

    @property
    def http_host_and_port(self) -> tuple[str, int]:
        """The address of the HTTP endpoint, taken apart."""
        host, _, port = self.http_address.rpartition(":")
        return host.strip("[]"), int(port)


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsInvalid: names the first variable that cannot be used, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        variable = "ANMC_" + str(problem["loc"][0]).upper() if problem["loc"] else "the environment"
        sentence = problem["msg"].removeprefix("Value error, ")
        raise SettingsInvalid(f"{variable}: {sentence}", remedy="Correct the variable and start again.") from None
