"""The command: starts the world, tells the story in it, ends both."""

import argparse
import signal
import sys
import time
from contextlib import suppress
from subprocess import TimeoutExpired
from types import FrameType
from typing import Final

import httpx
from rich.console import Console
from rich.markup import escape

from demo.checks import Checks
from demo.errors import DemoError
from demo.integration import OBJECT
from demo.look import look_around
from demo.story import Story
from demo.world import NAMESPACE, SCRIPTS, World, running_world
from devcluster import ClusterError, MissingPrerequisite

WIDTH: Final = 120
"""Columns where stdout is no terminal that says its own: the widest table has a few less."""

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C or SIGTERM, as shells have it."""


class Ended(BaseException):
    """The demo was told to end: SIGTERM, SIGHUP."""


def main() -> int:
    """Run the demo; 0 means that all of it was true, 1 that something was not, 2 that this machine lacks something."""
    arguments = _parse()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    # A shell that starts it in the background has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        _Demo(console).run(keep=arguments.keep)
    except MissingPrerequisite as error:
        return _fail(error, 2)
    except (DemoError, ClusterError, httpx.HTTPError, TimeoutExpired) as error:
        return _fail(error, 1)
    except (KeyboardInterrupt, Ended):
        return _fail("interrupted; nothing runs any more", INTERRUPTED)
    return 0


class _Demo:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._checks = Checks(console)
        self._began = time.monotonic()
        self._number = 0

    def run(self, *, keep: bool) -> None:
        self._step("Everything starts")
        with running_world(self._say) as world:
            story = Story(world, self._console, self._checks, self._step)
            story.tell()
            self._step("What operators see")
            look_around(world, self._console, self._checks, story.runs)
            story.go_on().tell()
            if keep:
                self._keep(world, story.somebody)
            self._step("The end")
            self._checks.equal("the operator ends with exit code 0 on SIGTERM", found=world.operator.end(), expected=0)
            self._checks.equal("so do the simulators", found=world.simulators_program.end(), expected=0)
        self._checks.equal("nothing is left: no process, no port, no file", found=world.remains(), expected=[])
        self._say(f"\n{self._checks.count} checks, all true, {self._elapsed():.0f} s.")

    def _keep(self, world: World, somebody: str) -> None:
        """Let people look around until Ctrl-C or SIGTERM.

        Raises:
            DemoError: the operator ended meanwhile.
        """
        kubectl = f"{SCRIPTS / 'kubectl'} --namespace {NAMESPACE}"
        url = f"{world.simulators.mobile_commons}/_sim/mobile-commons/stop"
        stop = f'curl --silent --data \'{{"phone": "{somebody}"}}\' {url}'
        push = f'{kubectl} annotate {OBJECT} --overwrite anmc.io/push-requested-at="$(date -u +%FT%TZ)"'
        self._step("Everything keeps running; Ctrl-C ends it")
        self._say(f"  Mobile Commons   {world.simulators.mobile_commons}, acting as people: /_sim/")
        self._say(f"  Action Network   {world.simulators.action_network}, what arrived there: /_sim/journal")
        self._say(f"  the operator     {world.operator_url}/metrics, /healthz, /readyz; log: {world.operator.log}")
        self._say("\nIn another terminal:\n")
        self._say(f"export KUBECONFIG={world.cluster.kubeconfig}")
        self._say(f"{kubectl} get dsi,dsr            # how it stands, and the reports")
        self._say(f"{stop} && \\\n  {push}    # somebody leaves, and Action Network hears of it")
        paused = time.monotonic()
        with suppress(KeyboardInterrupt, Ended):
            while True:
                world.operator.check_alive()
                time.sleep(0.5)
        self._began += time.monotonic() - paused

    def _step(self, title: str) -> None:
        self._number += 1
        self._console.print()
        self._console.rule(f"[bold]{self._number}. {escape(title)}[/]  {self._elapsed():.0f} s", align="left")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description="Show the whole sync on a cluster of its own.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    return parser.parse_args()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended


def _fail(what: object, code: int) -> int:
    print(f"demo: {what}", file=sys.stderr)
    return code
