"""The sample manifests, made to fit the demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

INTEGRATION: Final = "river-keepers"
"""The name in deploy/samples/minimal."""

ZONE: Final = "America/New_York"

_FAR_AWAY: Final = timedelta(hours=12)
"""From now to the nightly pull, which would otherwise come into a demo at two in the morning, New York time."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `kubectl apply` gets; `integration` is the part of it that is worth showing."""

    text: str
    integration: str
    secrets: tuple[str, ...]


def fit_sample(
    rendered: str, *, urls: Mapping[str, str], tokens: Mapping[str, str], opt_in_path: str, now: datetime
) -> Manifest:
    """Patch what `kubectl kustomize deploy/samples/minimal` gave.

    `urls` go by the names of the spec, `tokens` by those of the Secrets.
    """
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(rendered))
    secrets = [document for document in documents if document["kind"] == "Secret"]
    for secret in secrets:
        secret["stringData"] = {"token": tokens[secret["metadata"]["name"]]}
    (integration,) = (document for document in documents if document["kind"] == "DataSyncIntegration")
    spec = integration["spec"]
    spec["active"] = True
    for service, url in urls.items():
        spec[service]["url"] = url
    spec["mobileCommons"]["optInPath"] = opt_in_path
    spec["consent"] = {"sendWindow": {"start": "00:00", "end": "24:00"}}
    spec["push"] = {"interval": "24h"}
    night = (now + _FAR_AWAY).astimezone(ZoneInfo(ZONE))
    spec["pull"] = {"schedule": f"0 {night.hour} * * *", "timeZone": ZONE}
    return Manifest(
        text=yaml.safe_dump_all(documents, sort_keys=False),
        integration=yaml.safe_dump(integration, sort_keys=False).strip(),
        secrets=tuple(secret["metadata"]["name"] for secret in secrets),
    )
