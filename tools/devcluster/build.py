"""The build of the control plane's programs, once per set of pins and per machine."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from devcluster.errors import ClusterError
from devcluster.pins import KUBERNETES_VERSION, PROGRAMS, Pins
from devcluster.progress import report, spell

SIGN_OF_LIFE: Final = 15.0
"""Seconds between two lines while something takes its time."""

_STEPS: Final = (
    # One program for both: their common code is compiled and linked once (main.go looks at its name).
    ("kube-apiserver with kube-controller-manager", "control-plane", "."),
    ("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
)


def build(go: str, pins: Pins, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the programs, after building them when it is not there.

    It appears under its name only when it is complete. Of several processes one builds; the others wait.

    Raises:
        ClusterError: the build failed; the text ends with the compiler's last lines.
    """
    cache = pins.cache(environ)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with _locked(cache.with_name(f"{cache.name}.lock")):
        if cache.is_dir():
            return cache
        for remains in cache.parent.glob(f"{cache.name}.building-*"):
            shutil.rmtree(remains)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{cache.name}.building-", dir=cache.parent))
        try:
            _build_into(unfinished, go, pins, environ)
            unfinished.rename(cache)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return cache


def _build_into(target: Path, go: str, pins: Pins, environ: Mapping[str, str]) -> None:
    report(
        f"building Kubernetes {KUBERNETES_VERSION} from source, once for this machine: "
        "five to fifteen minutes on two cores, about 5 GB in Go's own caches"
    )
    began = time.monotonic()
    for title, name, package in _STEPS:
        _compile(title, [go, "build", "-v", *pins.flags, "-o", str(target / name), package], pins, environ)
    for alias in PROGRAMS[1:]:
        (target / alias).symlink_to("control-plane")
    report(f"built in {spell(timedelta(seconds=time.monotonic() - began))}")


def _compile(title: str, command: list[str], pins: Pins, environ: Mapping[str, str]) -> None:
    # A person's own Go settings must not decide what is built; where modules come from is theirs to say.
    settings = {**environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        compiler = subprocess.Popen(
            command, cwd=pins.module, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while True:
                try:
                    compiler.wait(SIGN_OF_LIFE)
                    break
                except subprocess.TimeoutExpired:
                    elapsed = spell(timedelta(seconds=time.monotonic() - began))
                    report(f"building {title}: {elapsed}, {_count_lines(log.fileno())} packages so far")
        finally:
            compiler.kill()
            compiler.wait()
        if compiler.returncode != 0:
            log.seek(0)
            last = "".join(log.readlines()[-20:])
            raise ClusterError(f"building {title} failed ({' '.join(command)}, in {pins.module}):\n{last}")


def _count_lines(descriptor: int) -> int:
    """Count without moving the position at which the compiler writes on."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).count(b"\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        began = time.monotonic()
        spoken = began - SIGN_OF_LIFE
        while not _try_lock(lock.fileno()):
            if time.monotonic() - spoken >= SIGN_OF_LIFE:
                spoken = time.monotonic()
                report(f"another process builds the programs; waiting, {spell(timedelta(seconds=spoken - began))}")
            time.sleep(0.2)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
