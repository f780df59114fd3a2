"""The pinned Kubernetes that is built from source, with the place where its programs are kept."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KUBERNETES_VERSION: Final = "v1.37.2"
"""What the built API server calls itself; the same as `k8s.io/kubernetes` in tools/control-plane/go.mod."""

MODULE: Final = Path(__file__).resolve().parent.parent / "control-plane"
"""The Go module that pins every line of the source."""

BUILD_FLAGS: Final = (
    "-trimpath",
    "-buildvcs=false",
    "-gcflags=all=-N -l",
    f"-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}",
)
"""Without optimisation the build takes two thirds of the time, for one more second at each start."""

PROGRAMS: Final = ("etcd", "kube-apiserver", "kube-controller-manager")
"""What a complete directory of programs holds."""

_SOURCES: Final = ("go.mod", "go.sum", "main.go")


@dataclass(frozen=True, slots=True)
class Pins:
    """Everything that decides what the build gives: the module's files, the flags, the platform."""

    module: Path = MODULE
    flags: tuple[str, ...] = BUILD_FLAGS

    def key(self) -> str:
        """Return a name for exactly this build, 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for name in _SOURCES:
            digest.update(hashlib.sha256((self.module / name).read_bytes()).digest())
        for text in (*self.flags, platform.system(), platform.machine()):
            digest.update(hashlib.sha256(text.encode()).digest())
        return digest.hexdigest()[:16]

    def cache(self, environ: Mapping[str, str]) -> Path:
        """Return the directory of this build's programs, outside of any checkout; it may not exist yet."""
        base = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home()) / ".cache"
        return Path(base) / "anmc" / f"control-plane-{self.key()}"
