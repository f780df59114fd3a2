"""The commands of `anmc-operator`."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from anmc.__main__ import main as run_operator

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line; a usage error is one line on standard error and exit code 2."""
    app()


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Keep Mobile Commons and Action Network in step. Without a command the operator runs."""
    if context.invoked_subcommand is None:
        run()


@app.command()
def run() -> None:
    """Run the operator. Settings come from the environment (ANMC_*)."""
    sys.exit(run_operator())


@app.command("version")
def show_version(
    short: Annotated[bool, typer.Option("--short", help="Print the number alone.")] = False,  # noqa: FBT002
) -> None:
    """Print the version."""
    number = version("anmc")
    typer.echo(number if short else f"anmc {number} (Kopf {version('kopf')})")
