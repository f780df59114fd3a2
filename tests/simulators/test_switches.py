"""What a switch is, how it is turned, what a wrong one is told."""

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anmc_simulators.action_network.switches import ActionNetworkSwitches
from anmc_simulators.mobile_commons.switches import MobileCommonsSwitches
from anmc_simulators.simulation import Simulation
from anmc_simulators.switch_panel import from_options
from anmc_simulators.switch_table import markdown
from anmc_simulators.switches import About, Switch, Switchboard, Switches, switches_of, turned

PAGE = Path(__file__).parents[2] / "docs" / "simulators-switches.md"
ALL = [*switches_of(ActionNetworkSwitches), *switches_of(MobileCommonsSwitches)]


class Weather(StrEnum):
    DRY = "dry"
    WET = "wet"


@dataclasses.dataclass(frozen=True, slots=True)
class Example(Switches):
    lights: Annotated[bool, About("1", "Whether there is light.")] = False
    weather: Annotated[Weather, About("2", "Which weather there is.")] = Weather.DRY
    seats: Annotated[int, About("3", "How many may sit.", least=1, most=9)] = 4
    seconds: Annotated[float, About("4", "How long it lasts.", least=-1, most=60)] = 2.5


@pytest.mark.parametrize(
    ("name", "value", "stands_at"),
    [
        ("lights", True, True),
        ("lights", "true", True),
        ("lights", "false", False),
        ("weather", "wet", Weather.WET),
        ("weather", Weather.WET, Weather.WET),
        ("seats", 9, 9),
        ("seats", "1", 1),
        ("seconds", 60, 60.0),
        ("seconds", "-0.5", -0.5),
    ],
)
def test_a_value_that_a_switch_has_is_taken(name: str, value: object, stands_at: object) -> None:
    settings = turned(Example(), {name: value})

    assert getattr(settings, name) == stands_at
    assert type(getattr(settings, name)) is type(stands_at)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lights", "maybe", "lights must be true or false"),
        ("lights", 1, "lights must be true or false"),
        ("lights", None, "lights must be true or false"),
        ("weather", "foggy", "weather must be one of dry, wet"),
        ("weather", ["dry"], "weather must be one of dry, wet"),
        ("seats", 0, "seats must be a whole number from 1 to 9"),
        ("seats", 2.5, "seats must be a whole number from 1 to 9"),
        ("seats", True, "seats must be a whole number from 1 to 9"),
        ("seconds", 61, "seconds must be a number from -1 to 60"),
        ("seconds", "nan", "seconds must be a number from -1 to 60"),
        ("seconds", "soon", "seconds must be a number from -1 to 60"),
        ("seconds", 10**400, "seconds must be a number from -1 to 60"),
        ("light", True, "light is no switch; there are lights, seats, seconds, weather"),
    ],
)
def test_anything_else_is_refused_in_one_sentence_that_names_what_there_is(
    name: str, value: object, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        turned(Example(), {name: value})

    assert str(refused.value) == sentence


def test_settings_are_checked_where_they_are_made() -> None:
    with pytest.raises(ValueError, match="seats must be"):
        Example(seats=10)


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_whatever_is_taken_is_among_the_values_that_are_told(value: object) -> None:
    for switch in switches_of(Example):
        try:
            stands_at = switch.read(value)
        except ValueError:
            continue
        assert switch.read(str(stands_at).lower() if isinstance(stands_at, bool) else str(stands_at)) == stands_at


def test_a_reset_leads_back_to_where_the_service_was_started() -> None:
    board = Switchboard(Example(seats=5))
    board.settings = turned(board.settings, {"lights": True})
    turned_on = board.document()

    board.reset()

    assert turned_on == {"lights": True, "weather": "dry", "seats": 5, "seconds": 2.5}
    assert board.document() == {**turned_on, "lights": False}


@pytest.mark.parametrize("switch", ALL, ids=lambda switch: switch.name)
def test_each_switch_stands_at_a_value_of_its_own_and_says_what_it_decides(switch: Switch) -> None:
    assert switch.read(switch.default) == switch.default
    assert switch.about.section
    assert switch.about.says.endswith(".")
    assert "|" not in switch.about.says


class TestPanel:
    def test_a_simulation_starts_with_the_switches_that_it_is_given(self) -> None:
        simulation = Simulation(
            switches={"action_network": {"order": "shuffled"}, "mobile_commons": {"page_cap": "500"}}
        )

        simulation.switches.turn({"action_network": {"order": "insertion"}})
        simulation.switches.reset()

        assert simulation.action_network.switches.settings.order == "shuffled"
        assert simulation.mobile_commons.switches.settings.page_cap == 500

    def test_a_switch_goes_before_the_common_lag(self) -> None:
        settings = Simulation(switches={"action_network": {"lag_modified_date": 9}}).action_network.switches.settings

        assert (settings.lag_modified_date, settings.lag_created_date) == (9, 5)

    def test_where_one_value_is_wrong_none_is_taken(self) -> None:
        simulation = Simulation()
        before = simulation.switches.document()

        with pytest.raises(ValueError, match="empty_value must be one of"):
            simulation.switches.turn({"action_network": {"geocoding": False}, "mobile_commons": {"empty_value": "x"}})

        assert simulation.switches.document() == before

    def test_a_service_that_there_is_not_is_told_those_that_there_are(self) -> None:
        with pytest.raises(ValueError, match=r"^twitter is no service; there are action_network, mobile_commons$"):
            Simulation(switches={"twitter": {}})


class TestOptions:
    def test_a_later_option_goes_before_an_earlier_one(self) -> None:
        options = ["action_network.order=shuffled", "mobile_commons.page_cap=1", "action_network.order=insertion"]

        assert from_options(options) == {"action_network": {"order": "insertion"}, "mobile_commons": {"page_cap": "1"}}

    def test_a_value_may_hold_anything(self) -> None:
        assert from_options(["mobile_commons.pending_status="]) == {"mobile_commons": {"pending_status": ""}}
        assert from_options(["a.b=c=d.e"]) == {"a": {"b": "c=d.e"}}

    @pytest.mark.parametrize("option", ["", "order=shuffled", "action_network.order", "=", "action_network=order.x"])
    def test_another_form_is_refused(self, option: str) -> None:
        with pytest.raises(ValueError, match=r"SERVICE\.NAME=VALUE"):
            from_options([option])


def test_the_table_names_every_switch_with_its_values_the_standing_one_in_bold() -> None:
    table = markdown()

    assert all(f"| `{switch.name}` |" in table for switch in ALL)
    assert "| `order` | **`insertion`**, `shuffled`, `by_modified_date` | The order of `/people`" in table
    assert "| `moves_on_status_change` | **`false`**, `true` |" in table
    assert "| `background_delay_seconds` | **30**, 0 to 86400 |" in table


def test_the_documentation_holds_the_table() -> None:
    assert markdown() in PAGE.read_text(encoding="utf-8")


def test_settings_are_frozen() -> None:
    settings: Any = ActionNetworkSwitches()

    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.order = "shuffled"
