"""The commands of `anmc-operator`."""

import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def main() -> NoReturn:
    """Run the command line; a usage error is one line on standard error and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as error:  # Typer's own report takes three lines
        typer.echo(f"anmc-operator: {error.format_message()}", err=True)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Keep Mobile Commons and Action Network in step. Without a command the operator runs."""
    if context.invoked_subcommand is None:
        run()


@app.command()
def run() -> None:
    """Run the operator. Settings come from the environment (ANMC_*)."""
    from anmc.__main__ import main as run_operator  # noqa: PLC0415  # seconds of imports that nothing else needs

    sys.exit(run_operator())


@app.command("version")
def show_version(
    short: Annotated[bool, typer.Option("--short", help="Print the number alone.")] = False,  # noqa: FBT002
) -> None:
    """Print the version."""
    number = version("anmc")
    typer.echo(number if short else f"anmc {number} (Kopf {version('kopf')})")
