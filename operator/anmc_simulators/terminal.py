"""The commands that act on a running server: seed, faults, journal, people."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from anmc_simulators.fault_kinds.catalogue import KINDS
from anmc_simulators.operations import ANY, Service
from anmc_simulators.remote import Remote
from anmc_simulators.seed import MAX_PEOPLE, OPT_IN_FIELD

SEED_SECONDS: Final = 120
"""How long a running server may take to invent people; the most that it accepts take it well under a minute."""

URL_VARIABLE: Final = "ANMC_SIMULATORS_URL"

_Url = Annotated[str, typer.Option(envvar=URL_VARIABLE, help="Base URL of either service of a running server.")]
_Account = Annotated[str | None, typer.Option(help="API key, or login or company key of Mobile Commons.")]
_Phone = Annotated[str, typer.Argument(help="The number, in any spelling.")]
_Company = Annotated[str | None, typer.Option(help="Key of the company; not needed where there is only one.")]


def seed(
    people: Annotated[int, typer.Argument(metavar="N", min=0, max=MAX_PEOPLE, help="How many people to invent.")],
    *,
    url: _Url,
    number: Annotated[int, typer.Option("--seed", help="The same number invents the same people.")] = 1,
) -> None:
    """Ask a running server to invent people on both sides; prints accounts, ids and counts as JSON."""
    _print(Remote(url).post("/seed", {"people": people, "seed": number}, timeout=SEED_SECONDS))


def fault(
    name: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(KINDS)}; without it, show what is set.")
    ] = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENT=VALUE]...", help="Arguments of this fault.")
    ] = None,
    *,
    url: _Url,
    service: Annotated[Service | None, typer.Option(help="Whose calls; needed for a new fault.")] = None,
    operation: Annotated[str, typer.Option(help="Which calls, by the names of the journal; * for all.")] = ANY,
    account: _Account = None,
    times: Annotated[int | None, typer.Option(min=1, help="How often; without it, until it is cleared.")] = None,
    after: Annotated[int, typer.Option(min=0, help="How many calls it passes over first.")] = 0,
    probability: Annotated[float, typer.Option(help="How likely it is for each call, above 0 and at most 1.")] = 1.0,
    number: Annotated[int, typer.Option("--seed", help="The same number hits the same calls.")] = 1,
    clear: Annotated[bool, typer.Option("--clear", help="Withdraw every fault.")] = False,
) -> None:
    """Let something go wrong on a running server; prints the faults in force as JSON."""
    remote = Remote(url)
    if clear and name is not None:
        raise typer.BadParameter("takes no fault: it withdraws all of them", param_hint="--clear")
    if clear:
        _print(remote.delete("/faults"))
    elif name is None:
        _print(remote.get("/faults"))
    elif service is None:
        raise typer.BadParameter(f"is needed: {' or '.join(Service)}", param_hint="--service")
    else:
        _print(
            remote.post(
                "/faults",
                {
                    **_arguments(arguments or []),
                    "fault": name,
                    "service": service,
                    "operation": operation,
                    "account": account,
                    "times": times,
                    "after": after,
                    "probability": probability,
                    "seed": number,
                },
            )
        )


def journal(
    *,
    url: _Url,
    service: Annotated[Service | None, typer.Option(help="Only what this service received.")] = None,
    account: _Account = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation.")] = None,
    status: Annotated[int | None, typer.Option(min=0, max=599, help="Only this status; 0 for no answer.")] = None,
    since: Annotated[int, typer.Option(min=0, help="Only entries behind this number.")] = 0,
    limit: Annotated[int | None, typer.Option(min=0, help="So many entries at most; 0 for figures alone.")] = None,
) -> None:
    """Print what a running server has received and which texts it sent, as JSON."""
    query = {"service": service, "account": account, "operation": operation, "status": status}
    _print(Remote(url).get("/journal", {**query, "since": since, "limit": limit}))


def reset(
    only: Annotated[
        list[str] | None,
        typer.Argument(help="journal, faults, limits, latency, after-pages; without any, all of them."),
    ] = None,
    *,
    url: _Url,
) -> None:
    """Forget the journal and what was ordered for requests on a running server; people, accounts, switches stay."""
    _print(Remote(url).post("/reset", {"only": only or None}))


def text(
    phone: _Phone,
    *,
    url: _Url,
    campaign: Annotated[
        str | None, typer.Option(help="Id of the campaign; not needed where there is only one.")
    ] = None,
    company: _Company = None,
) -> None:
    """Text the keyword of a campaign as a person: join, confirm, or come back after STOP."""
    _print(Remote(url).post("/mobile-commons/keyword", {"phone": phone, "campaign_id": campaign, "company": company}))


def stop(phone: _Phone, *, url: _Url, company: _Company = None) -> None:
    """Text STOP as a person, to one company or to all of them."""
    _print(Remote(url).post("/mobile-commons/stop", {"phone": phone, "company": company}))


def tick(
    phone: _Phone,
    *,
    url: _Url,
    field: Annotated[str, typer.Option(help="The custom field that is the box.")] = OPT_IN_FIELD,
    value: Annotated[str | None, typer.Option(help="Write this text instead of ticking the box.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Untick the box.")] = False,
    key: Annotated[str | None, typer.Option(help="API key of the list; not needed where there is only one.")] = None,
) -> None:
    """Tick or untick a box of Action Network as a person."""
    ticked: str | bool = not off if value is None else value
    _print(Remote(url).post("/action-network/tick", {"phone": phone, "field": field, "value": ticked, "key": key}))


_OPTIONS: Final = frozenset({"service", "operation", "account", "times", "after", "probability", "seed"})
"""What every fault has, and therefore an option."""

COMMANDS: Final[tuple[Callable[..., None], ...]] = (seed, fault, journal, reset, text, stop, tick)


def _arguments(pairs: list[str]) -> dict[str, str]:
    """Read `name=value` pairs; the values go out as they are, however absurd, and the server reads them."""
    found = {}
    for pair in pairs:
        name, is_pair, value = pair.partition("=")
        if not is_pair:
            raise typer.BadParameter(f"{pair!r} is no ARGUMENT=VALUE", param_hint="ARGUMENT")
        if name in _OPTIONS:
            raise typer.BadParameter(f"{name} is no argument of a fault; say --{name}", param_hint="ARGUMENT")
        found[name] = value
    return found


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2))
