"""The switches of both services, by service and name."""

from collections.abc import Iterable, Mapping
from typing import Any

from anmc_simulators.action_network.switches import ActionNetworkSwitches
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches
from anmc_simulators.switches import Switchboard, Value, turned

Wanted = Mapping[str, Mapping[str, object]]
"""Values by name by service."""


class SwitchPanel:
    """Both switchboards; where one value is wrong, none is taken."""

    def __init__(
        self,
        *,
        action_network: Switchboard[ActionNetworkSwitches],
        mobile_commons: Switchboard[MobileCommonsSwitches],
    ) -> None:
        self._boards: dict[str, Switchboard[Any]] = {
            "action_network": action_network,
            "mobile_commons": mobile_commons,
        }

    def start(self, wanted: Wanted) -> None:
        """Turn switches for good, as the process is started with them.

        Raises:
            ValueError: no such service or switch, or a value that it does not have; the text names what there is.
        """
        self.turn(wanted)
        for board in self._boards.values():
            board.keep()

    def turn(self, wanted: Wanted) -> None:
        """Turn switches until they are reset.

        Raises:
            ValueError: as for `start`.
        """
        for service in wanted:
            if service not in self._boards:
                raise ValueError(f"{service} is no service; there are {', '.join(self._boards)}")
        settings = {service: turned(self._boards[service].settings, values) for service, values in wanted.items()}
        for service, one in settings.items():
            self._boards[service].settings = one

    def reset(self) -> None:
        """Put every switch where it stood at the start."""
        for board in self._boards.values():
            board.reset()

    def document(self) -> dict[str, dict[str, Value]]:
        """Return where every switch stands, JSON-ready."""
        return {service: board.document() for service, board in self._boards.items()}


def from_options(options: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what `SERVICE.NAME=VALUE` options want; a later one goes before an earlier one.

    Raises:
        ValueError: an option has another form.
    """
    wanted: dict[str, dict[str, str]] = {}
    for option in options:
        place, equals, value = option.partition("=")
        service, dot, name = place.partition(".")
        if not (equals and dot):
            raise ValueError(f"{option!r} is not of the form SERVICE.NAME=VALUE")
        wanted.setdefault(service, {})[name] = value
    return wanted
