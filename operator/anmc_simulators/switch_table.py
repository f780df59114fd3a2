"""The table of all switches, for the documentation and the command line."""

from typing import Final

from anmc_simulators.action_network.switches import ActionNetworkSwitches
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches
from anmc_simulators.switches import Switch, Switches, in_words, switches_of

SERVICES: Final[dict[str, tuple[str, type[Switches]]]] = {
    "Action Network": ("action_network", ActionNetworkSwitches),
    "Mobile Commons": ("mobile_commons", MobileCommonsSwitches),
}


def markdown() -> str:
    """Return one table for each service; where a switch stands unless it is turned is in bold."""
    return "\n".join(_table(title, name, switches_of(settings)) for title, (name, settings) in SERVICES.items())


def _table(title: str, service: str, switches: tuple[Switch, ...]) -> str:
    rows = [
        f"### {title}: `{service}`",
        "",
        "| switch | values | decides | contract |",
        "| --- | --- | --- | --- |",
        *(f"| `{one.name}` | {_values(one)} | {one.about.says} | {one.about.section} |" for one in switches),
        "",
    ]
    return "\n".join(rows)


def _code(choice: str) -> str:
    return f"`{in_words(choice)}`"


def _values(one: Switch) -> str:
    default = str(one.default).lower() if isinstance(one.default, bool) else f"{one.default}"
    if default in one.choices:
        return ", ".join(f"**{_code(choice)}**" if choice == default else _code(choice) for choice in one.choices)
    return f"**{one.default:g}**, {one.choices[0]}"
