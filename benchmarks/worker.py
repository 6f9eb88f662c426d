"""One runner as a process of its own: JSON lines in, JSON lines out.

    python -m benchmarks.worker keops

It runs in the peer's interpreter, which need not have this project installed, so it and `runners/*` import nothing
but the standard library, numpy and their own package.  Whatever a library prints goes to the error stream.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.runners import Own


def peak_megabytes(status: Path = Path("/proc/self/status")) -> float:
    """Largest memory this process has had, in MB; nan where the system does not tell (Windows).

    Linux's getrusage would do, but for starting from what the parent had when it forked.
    """
    if status.is_file():
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # macOS counts bytes, others kilobytes


def version(name: str) -> str:
    """Of an installed distribution."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


class Server:
    """What one worker knows: its runner, the job prepared and the job's last answer."""

    def __init__(self, runner: str) -> None:
        self.runner = runner
        self.job: Any = None
        self.last: Any = None

    def prepare(self, problem: str, settings: dict[str, Any], inputs: str | None) -> dict[str, Any]:
        """Import, build, and say how long both took."""
        import numpy as np

        start = time.perf_counter()
        module = importlib.import_module(f"benchmarks.runners.{self.runner}")
        imported = time.perf_counter()
        arrays = {} if inputs is None else dict(np.load(inputs))
        started = time.perf_counter()
        self.job = module.JOBS[problem](settings, arrays)
        done = time.perf_counter()
        return {
            "import_seconds": imported - start,
            "setup_seconds": done - started,
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in module.PACKAGES},
                **getattr(module, "VERSIONS", {}),  # of what may be a checkout
            },
        }

    def solve(self, calls: int) -> dict[str, Any]:
        """Seconds of one unit of work: the mean over `calls` calls, or what the call itself says it took."""
        solve = self.job.solve
        start = time.perf_counter()
        for _ in range(calls):
            self.last = solve()
        seconds = (time.perf_counter() - start) / (calls * self.job.pieces)
        return {"seconds": self.last.seconds if isinstance(self.last, Own) else seconds}

    def answer(self, path: str) -> dict[str, Any]:
        """Write what the last call found; notes and the peak of memory."""
        import numpy as np

        peak = peak_megabytes()
        arrays, notes = self.job.answer(self.last)
        np.savez(path, **arrays)
        return {"notes": notes, "peak_megabytes": peak}


def main() -> None:
    """Serve until the input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(server, request.pop("do"))(**request)
        except Exception as error:
            reply = {"failed": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
