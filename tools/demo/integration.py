"""The applied DataSyncIntegration: its status, its reports, runs on request."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from demo.manifest import INTEGRATION
from demo.simulators import WRITES
from demo.world import World

OBJECT: Final = f"datasyncintegration/{INTEGRATION}"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was asked for: what the status says of it, and the writes that it made."""

    direction: str
    result: str
    trigger: str
    read: int
    outcomes: dict[str, int]
    writes: int


@dataclass(frozen=True, slots=True)
class Integration:
    """The object in the API server."""

    world: World

    def status(self) -> dict[str, Any]:
        """Return its status."""
        status: dict[str, Any] = json.loads(self.world.kubectl("get", OBJECT, "--output=json"))["status"]
        return status

    def run(self, direction: str) -> Run:
        """Ask for a push or a pull by its annotation and wait for its end."""
        before = self._writes()
        token = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.world.kubectl("annotate", OBJECT, f"anmc.io/{direction}-requested-at={token}", "--overwrite")
        self.world.wait_until(f"jsonpath={{.status.{direction}.lastHandledRequest}}={token}", of=OBJECT)
        last = self.status()[direction]["lastRun"]
        return Run(
            direction=direction,
            result=last["result"],
            trigger=last["trigger"],
            read=last["recordsRead"],
            outcomes={entry["category"]: entry["count"] for entry in last.get("outcomes", [])},
            writes=self._writes() - before,
        )

    def reports(self) -> list[dict[str, Any]]:
        """Return the reports, pulls first, each direction in its order of time."""
        listed = self.world.kubectl(
            "get", "syncreports", f"--selector=anmc.io/integration={INTEGRATION}", "--output=json"
        )
        reports: list[dict[str, Any]] = [item["report"] for item in json.loads(listed)["items"]]
        # Two runs of different directions may start in the same second, two of one may not.
        return sorted(reports, key=lambda report: (str(report["direction"]), str(report["startTime"])))

    def events(self) -> list[dict[str, Any]]:
        """Return the events about it, oldest first."""
        listed = self.world.kubectl(
            "get", "events", f"--field-selector=involvedObject.name={INTEGRATION}", "--output=json"
        )
        events: list[dict[str, Any]] = json.loads(listed)["items"]
        return sorted(events, key=lambda event: str(event["metadata"]["creationTimestamp"]))

    def _writes(self) -> int:
        return sum(request["operation"] in WRITES for request in self.world.simulators.requests())
