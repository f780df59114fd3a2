"""docs/simulators.md is an interface: what it names is there, and what is there it names."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic.fields import FieldInfo
from starlette.routing import Route
from typer.main import get_command
from typer.testing import CliRunner

from anmc_simulators import accounts, between_pages_control, cli, control, switch_control
from anmc_simulators.action_network import acts
from anmc_simulators.action_network import control as action_network
from anmc_simulators.bodies import Body
from anmc_simulators.fault_kinds.catalogue import KINDS
from anmc_simulators.frame import control as frame
from anmc_simulators.mobile_commons import control as mobile_commons
from anmc_simulators.operations import OPERATIONS, Service
from anmc_simulators.server import create_apps
from anmc_simulators.simulation import Simulation

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "simulators.md").read_text(encoding="utf-8")

Table = list[list[str]]


def tables() -> dict[str, Table]:
    """Return the tables of the page by the name of their first column; cells are stripped."""
    found: dict[str, Table] = {}
    for block in re.findall(r"(?m)(?:^\|.*\n)+", PAGE):
        head, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines())
        found.setdefault(head[0], []).extend(rows)
    return found


TABLES = tables()


def code(cell: str) -> list[str]:
    """Return what stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def first_column(table: str) -> list[str]:
    return [code(row[0])[0] for row in TABLES[table]]


def section(title: str) -> str:
    """Return the text of a section of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def members_of(title: str) -> dict[str, str]:
    """Return the members that a section's table with a default column names, with their defaults."""
    rows = re.findall(
        r"(?m)^\| `(\w+)` \|([^|]*)\|", section(title).partition("| member | default |")[2].partition("\n\n")[0]
    )
    return {name: default.strip().strip("`") for name, default in rows}


def test_every_command_is_described_with_its_flags() -> None:
    commands = get_command(cli.app).commands  # type: ignore[attr-defined]  # a group has them
    described = {code(row[0])[0].split()[0]: set(code(row[1])) for row in TABLES["command"]}

    flags = {
        name: {flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")} - {"--help"}
        for name, command in commands.items()
    }
    assert described == flags


def test_the_flags_of_serve_are_described_with_their_defaults() -> None:
    parameters = get_command(cli.app).commands["serve"].params  # type: ignore[attr-defined]  # a group has them
    defaults = {parameter.opts[0]: parameter.default for parameter in parameters if parameter.opts[0] != "--help"}
    described = {code(row[0])[0]: row[1] for row in TABLES["flag"]}

    def written(default: object) -> str:
        return f"{default:g}" if isinstance(default, float) else str(default)

    absent = {"--latency": "0", "--switch": "none", "--ready-file": "none"}
    assert described == {name: absent.get(name, written(default)) for name, default in defaults.items()}


def test_every_fault_is_described_with_its_arguments() -> None:
    def argument(name: str, field: FieldInfo) -> str:
        if field.is_required():
            return f"`{name}`"
        default = field.get_default(call_default_factory=True)
        return f"`{name}` ({'none' if default is None else default})"

    expected = [
        [
            f"`{name}`",
            "both" if kind.services == frozenset(Service) else " ".join(kind.services),
            ", ".join(argument(*one) for one in kind.model_fields.items()) or "none",
            " ".join((kind.__doc__ or "").split()),
        ]
        for name, kind in KINDS.items()
    ]
    assert TABLES["fault"] == expected


def test_what_every_fault_has_is_described() -> None:
    assert members_of("Faults").keys() == frame._FaultBody.model_fields.keys()


def test_the_members_of_limits_and_latency_are_described() -> None:
    described = section("Limits and latency")
    rows = re.findall(r"(?m)^\| `(\w+)` \|", described)

    assert rows == [*frame._LimitBody.model_fields, *frame._LatencyBody.model_fields]


def test_every_operation_is_described() -> None:
    rows = {row[0].strip("`"): code(row[1]) for row in TABLES["service"]}

    assert {name: set(operations) for name, operations in rows.items()} == {
        service: set(operations.names) for service, operations in OPERATIONS.items()
    }


def test_every_route_is_described() -> None:
    described = {tuple(one.split()) for one in re.findall(r"(?m)^\| `((?:GET|POST|PATCH|DELETE) /_sim/[^`]*)`", PAGE)}
    routes = {
        (method, f"/_sim{route.path}")
        for route in control.create_app(Simulation()).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert described == routes


@pytest.mark.parametrize(
    ("route", "model"),
    [
        ("POST /_sim/reset", control._ResetBody),
        ("POST /_sim/clock", control._ClockBody),
        ("POST /_sim/seed", control._SeedBody),
        ("DELETE /_sim/faults", frame._FaultQuery),
        ("POST /_sim/accounts", accounts._PairBody),
        ("POST /_sim/mobile-commons/companies", mobile_commons._CompanyBody),
        ("POST /_sim/mobile-commons/users", mobile_commons._LoginBody),
        ("POST /_sim/mobile-commons/keyword", mobile_commons._KeywordBody),
        ("POST /_sim/mobile-commons/stop", mobile_commons._PhoneBody),
        ("POST /_sim/mobile-commons/oops", mobile_commons._PhoneBody),
        ("POST /_sim/mobile-commons/click", mobile_commons._ClickBody),
        ("POST /_sim/mobile-commons/upload", mobile_commons._UploadBody),
        ("POST /_sim/mobile-commons/merge", mobile_commons._MergeBody),
        ("POST /_sim/mobile-commons/clean", mobile_commons._PhoneBody),
        ("POST /_sim/mobile-commons/profile", mobile_commons._EditBody),
        ("POST /_sim/action-network/groups", action_network._GroupBody),
        ("POST /_sim/action-network/replace-key", action_network._ReplaceKeyBody),
        ("POST /_sim/action-network/revoke-key", action_network._KeyBody),
        ("POST /_sim/action-network/people", action_network._AddBody),
        ("POST /_sim/action-network/tick", acts._TickBody),
        ("POST /_sim/action-network/stop", acts._PersonBody),
        ("POST /_sim/action-network/action", acts._PersonBody),
        ("POST /_sim/action-network/bounce", acts._BounceBody),
        ("POST /_sim/action-network/merge", acts._MergeBody),
        ("POST /_sim/action-network/upload", acts._UploadBody),
        ("PATCH /_sim/switches", switch_control._SwitchesBody),
        ("POST /_sim/after-pages", between_pages_control._ActBody),
    ],
)
def test_the_members_of_a_route_are_described(route: str, model: type[Body]) -> None:
    (row,) = [row for row in TABLES["request"] if code(row[0]) == [route]]

    assert sorted(code(row[1])) == sorted(model.model_fields)


async def test_the_journal_is_described_member_by_member() -> None:
    simulation = Simulation(lag=timedelta())
    app = create_apps(simulation)["mobile_commons"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as client:
        pair = (await client.post("/_sim/accounts", json={})).json()["mobile_commons"]
        await client.post(
            "/api/profile_update",
            data={"phone_number": "12025550123", "opt_in_path_id": pair["opt_in_path_id"]},
            headers={"Authorization": f"Bearer {pair['token']}"},
        )
        journal: dict[str, Any] = (await client.get("/_sim/journal")).json()

    plain = re.findall(
        r"(?m)^\| `(\w+)` \|", section("Journal").partition("| member | meaning |")[2].partition("\n\n")[0]
    )
    assert plain == list(journal)
    for member, one in {
        "requests": journal["requests"][0],
        "texts": journal["texts"][0],
        "totals": journal["totals"],
        "operations": journal["operations"][0],
        "accounts": journal["accounts"][0],
    }.items():
        assert first_column(f"member of `{member}`") == list(one)


def test_the_filters_of_the_journal_are_described() -> None:
    assert first_column("parameter") == list(frame._JournalQuery.model_fields)


async def test_the_credentials_of_accounts_are_described() -> None:
    app = create_apps(Simulation())["mobile_commons"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as client:
        pair = (await client.post("/_sim/accounts", json={})).json()
        seeded = (await client.post("/_sim/seed", json={"people": 0})).json()

    rows = [
        (code(row[1])[0], code(row[0])[0]) for row in TABLES["member"] if code(row[1])[:1] in [[side] for side in pair]
    ]
    described = {side: [member for of, member in rows if of == side] for side in pair}
    assert described == {side: list(members) for side, members in pair.items()}
    assert {member for side in pair for member in seeded[side]} - {m for side in pair for m in pair[side]} == {
        "profiles",
        "people",
    }


def test_the_orders_that_are_given_as_examples_are_accepted() -> None:
    simulation = Simulation()
    orders = [json.loads(code(row[1])[0]) for row in TABLES["wanted"]]

    for order in orders:
        terms = {name: order.pop(name) for name in list(order) if name in frame._FaultBody.model_fields}
        fault = KINDS[terms.pop("fault")].model_validate(order)
        simulation.faults.order(fault, **terms)

    assert len(simulation.faults.document()) == len(orders) > 3


@pytest.fixture
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "anmc_simulators", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["mobile_commons"]
        process.kill()


def test_the_commands_on_the_page_work_one_after_the_other(url: str) -> None:
    lines = re.findall(r"(?m)^anmc-simulators (?!serve)(.*)$", PAGE)
    phone = ""

    for line in lines:
        arguments = shlex.split(line.replace("$PHONE", phone), comments=True)
        outcome = CliRunner().invoke(cli.app, arguments, env={"ANMC_SIMULATORS_URL": url})
        assert outcome.exit_code == 0, (line, outcome.output)
        if arguments[0] == "seed":
            kinds = json.loads(outcome.stdout)["kinds"].values()
            phone = next(
                one["phone"] for kind in kinds for one in kind["people"] if "person_id" in one and "phone" in one
            )

    assert len(lines) == 7


def test_the_example_tests_run(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    outcome = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            tmp_path / "pytest.ini",
            "-p",
            "no:cacheprovider",
            DOCS / "examples",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert outcome.returncode == 0, outcome.stdout
    assert "3 passed" in outcome.stdout


def test_the_test_on_the_page_is_one_of_the_example() -> None:
    (shown,) = re.findall(r"(?s)```python\n(.*?)```", PAGE)
    example = (DOCS / "examples" / "test_pipeline.py").read_text(encoding="utf-8")

    assert [line for line in shown.splitlines()[1:] if line not in example.splitlines()] == []
