"""A namespace in which an operator may lead, and the integrations that a user makes there."""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from devcluster import Cluster, KubectlFailed
from support.simulators import BOX, Account
from support.waiting import wait_for

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"

NEVER_BY_ITSELF: Final[dict[str, Any]] = {"push": {"interval": "24h"}, "pull": {"schedule": "0 0 29 2 *"}}
"""After the first push everything that runs was asked for."""

Manifest = dict[str, Any]


class Home:
    """One namespace with the shipped rights to its own Lease: operators of several tests do not compete."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name
        cluster.kubectl("create", "namespace", name)
        documents = list(yaml.safe_load_all((DEPLOY / "rbac/lease_role.yaml").read_text()))
        for document in documents:
            document["metadata"]["namespace"] = name
        self.apply(*documents)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator, in this namespace."""
        return self.cluster.kubectl(*arguments, f"--namespace={self.name}", stdin=stdin)

    def leave(self) -> None:
        """Let the namespace go away in the background."""
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false")

    def apply(self, *manifests: Manifest) -> None:
        """Apply manifests."""
        self.kubectl(
            "apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        )

    def get(self, *arguments: str) -> Manifest:
        """Read an object, or a list of them."""
        answer: Manifest = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return answer

    def put_secret(self, name: str, **values: str) -> None:
        """Create or change a Secret; the label lets a change be known at once."""
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "labels": {"anmc.io/credentials": "true"}},
                "stringData": values,
            }
        )

    def integrate(self, account: Account, **spec: Any) -> "Integration":
        """Create an integration of an account, with both Secrets; `spec` is merged over an ordinary one."""
        integration = Integration(self, account, f"river-{uuid.uuid4().hex[:8]}")
        integration.put_commons_secret(token=account.token)
        integration.put_network_secret(token=account.key)
        integration.create(**spec)
        return integration


class Integration:
    """One DataSyncIntegration and what its user does with it."""

    def __init__(self, home: Home, account: Account, name: str) -> None:
        self.home = home
        self.account = account
        self.name = name
        self.commons_secret, self.network_secret = f"{name}-commons", f"{name}-network"

    def put_commons_secret(self, **values: str) -> None:
        """Write the Secret of Mobile Commons."""
        self.home.put_secret(self.commons_secret, **values)

    def put_network_secret(self, **values: str) -> None:
        """Write the Secret of Action Network."""
        self.home.put_secret(self.network_secret, **values)

    def create(self, **spec: Any) -> None:
        """Create the object, active unless the spec says otherwise."""
        simulators = self.account.simulators
        ordinary = {
            "active": True,
            "mobileCommons": {
                "url": simulators.mobile_commons,
                "credentialsSecretRef": {"name": self.commons_secret},
                "optInPath": self.account.path,
                "campaignId": self.account.campaign,
            },
            "actionNetwork": {
                "url": simulators.action_network,
                "credentialsSecretRef": {"name": self.network_secret},
                "optInField": BOX,
            },
            "consent": {"sendWindow": {"start": "00:00", "end": "24:00"}},
            **NEVER_BY_ITSELF,
        }
        self.home.apply(
            {
                "apiVersion": "anmc.io/v1alpha1",
                "kind": "DataSyncIntegration",
                "metadata": {"name": self.name},
                "spec": _merged(ordinary, spec),
            }
        )

    def get(self) -> Manifest:
        """Read the object."""
        return self.home.get("dsi", self.name)

    def status(self) -> Manifest:
        """Read its status."""
        status: Manifest = self.get()["status"]
        return status

    def condition(self, type_: str) -> Manifest:
        """Return the condition of a type; empty when it is absent."""
        return next((one for one in self.status()["conditions"] if one["type"] == type_), {})

    def patch(self, **spec: Any) -> None:
        """Change the spec."""
        self.home.kubectl("patch", "dsi", self.name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def wait(self, path: str, value: str | None = None) -> None:
        """Return when a JSON path of the object has a value, or any value."""
        expected = "" if value is None else f"={value}"
        self.home.kubectl("wait", "dsi", self.name, f"--for=jsonpath={{{path}}}{expected}", "--timeout=60s")

    def wait_for_reason(self, type_: str, reason: str) -> Manifest:
        """Return the condition of a type once it has a reason."""
        self.wait(f'.status.conditions[?(@.type=="{type_}")].reason', reason)
        return self.condition(type_)

    def wait_for_first_push(self) -> "Integration":
        """Return when the push of the activation has ended: nothing runs by itself any more."""
        self.wait(".status.push.lastRun.result", "Succeeded")
        return self

    def request(self, direction: str) -> str:
        """Ask for a run by annotation, and return the token."""
        token = uuid.uuid4().hex
        self.home.kubectl("annotate", "dsi", self.name, "--overwrite", f"anmc.io/{direction}-requested-at={token}")
        return token

    def wait_for_request(self, direction: str, token: str) -> Manifest:
        """Return the direction's status once the requested run has ended."""
        self.wait(f".status.{direction}.lastHandledRequest", token)
        status: Manifest = self.status()[direction]
        return status

    def run_full_pull(self) -> Manifest:
        """Ask for a pull of the whole list and return the pull's status at its end."""
        token = self.request("full-pull")
        self.wait(".status.pull.lastHandledFullRequest", token)
        status: Manifest = self.status()["pull"]
        return status

    def override_safety(self) -> str:
        """Let stopped directions pass their limits, and return the token."""
        token = uuid.uuid4().hex
        self.home.kubectl("annotate", "dsi", self.name, "--overwrite", f"anmc.io/safety-override={token}")
        return token

    def run(self, direction: str) -> Manifest:
        """Ask for a run and return the direction's status at its end."""
        return self.wait_for_request(direction, self.request(direction))

    def reports(self) -> list[Manifest]:
        """Return the reports of its runs."""
        items: list[Manifest] = self.home.get("dsr", f"--selector=anmc.io/integration={self.name}")["items"]
        return items

    def events(self) -> list[Manifest]:
        """Return the Events about it."""
        items: list[Manifest] = self.home.get("events", f"--field-selector=involvedObject.name={self.name}")["items"]
        return items

    def wait_for_event(self, reason: str) -> Manifest:
        """Return the first Event with a reason."""

        def look() -> Manifest | None:
            return next((event for event in self.events() if event["reason"] == reason), None)

        return wait_for(f"{self.name} has an Event {reason}", look)

    def delete(self) -> None:
        """Delete it, which takes no time at all: nothing of ours holds it back."""
        self.home.kubectl("delete", "dsi", self.name, "--ignore-not-found", "--timeout=10s")

    def exists(self) -> bool:
        """Whether the object is there."""
        try:
            self.get()
        except KubectlFailed as error:
            if "NotFound" not in error.stderr:
                raise
            return False
        return True


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Manifest:
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(value, Mapping) and isinstance(before, Mapping) else value
    return merged
