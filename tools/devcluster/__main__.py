"""The commands behind `make cluster` and `make cluster-down`."""

import argparse
import sys
from pathlib import Path

from devcluster.errors import ClusterError, MissingPrerequisite
from devcluster.lifecycle import prepare, start, stop
from devcluster.progress import report


def main() -> int:
    """Run one command; 2 means that this machine lacks something, 1 that something failed."""
    arguments = _parse()
    try:
        match arguments.command:
            case "prepare":
                prepare()
            case "start":
                cluster = start(arguments.directory)
                report(f'try: export KUBECONFIG="{cluster.kubeconfig}"; kubectl get crds')
                print(cluster.kubeconfig)
            case _:
                stopped = stop(arguments.directory)
                report(f"stopped, {arguments.directory} removed" if stopped else "none runs here")
    except MissingPrerequisite as error:
        report(str(error))
        return 2
    except ClusterError as error:
        report(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devcluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare", help="do the slow part of the first start: build the programs")
    for name, text in (
        ("start", "start a cluster, print its kubeconfig's path"),
        ("stop", "end a cluster, remove its data"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("directory", type=Path, help="where the cluster keeps everything")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
