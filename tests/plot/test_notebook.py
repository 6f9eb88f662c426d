"""A notebook, executed: every cell that draws shows its picture, and so does whatever the user draws afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

nbclient: Any = pytest.importorskip("nbclient", reason="needs the extra test")
nbformat: Any = pytest.importorskip("nbformat", reason="needs the extra test")
pytest.importorskip("ipykernel", reason="needs the extra test")

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import sys
import numpy as np
import meanfield as mf
import particles as pt
tilted = lambda theta: 1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta)
sol = mf.solve(mf.SA(4.0), mf.Circle(64).density(tilted), (0.0, 0.5), t_eval=np.linspace(0, 0.5, 6))
ball = mf.solve(mf.SA(1.0), mf.von_mises_fisher(mf.Sphere(24), [0, 0, 1], 0.5), (0.0, 0.1))
belt = mf.solve(mf.SA(1.0), mf.von_mises_fisher(mf.ZonalSphere(4, 32), [0, 0, 0, 1], 0.5), (0.0, 0.1))
few = pt.simulate(mf.SA(4.0), np.linspace(0, 5, 8), (0.0, 0.5))
print(sys.executable)
"""
# The first picture must be one of ours: it is then that pyplot loads its backend.
PICTURES = [
    "sol.plot()",
    "sol.plot_energy()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
    "few.plot()",
    "few.plot_ring()",
    "ball.plot()",
    "belt.plot()",
    "few.plot_energy()",
    "pt.longtime(mf.USA(9.0), [0.0, 1.0, 2.5, 4.0], None, 9.0).plot()",
    "plt.plot([2, 1])",
]


def executed(cells: list[str], backend: str | None, folder: Path) -> list[Any]:
    """The cells of a notebook after a kernel of this interpreter ran them under MPLBACKEND, its own if None."""
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    env |= {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)}
    if backend is not None:
        env["MPLBACKEND"] = backend
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute(env=env)
    return list(book.cells)


def printed(cell: Any) -> str:
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout").strip()


def shown(cell: Any) -> int:
    return sum("image/png" in out.get("data", {}) for out in cell.outputs)


@pytest.mark.parametrize("backend", [None, "module://matplotlib_inline.backend_inline"], ids=["kernel's own", "inline"])
def test_every_cell_of_a_notebook_shows_its_picture(backend: str | None, tmp_path: Path) -> None:
    begin, *cells = executed([BEGIN, *PICTURES], backend, tmp_path)
    assert printed(begin) == sys.executable
    assert dict(zip(PICTURES, map(shown, cells), strict=True)) == dict.fromkeys(PICTURES, 1)


def test_without_a_screen_every_cell_makes_one_figure_and_shows_none(tmp_path: Path) -> None:
    count = "\nfrom matplotlib.pyplot import get_fignums, isinteractive\nprint(len(get_fignums()), isinteractive())"
    asked = [cell.replace("plt.plot", "plt.figure().add_subplot().plot") + count for cell in PICTURES]
    begin, *cells = executed([BEGIN, *asked], "Agg", tmp_path)
    assert printed(begin) == sys.executable
    assert [printed(cell) for cell in cells] == [f"{i} False" for i in range(1, len(PICTURES) + 1)]
    assert [shown(cell) for cell in cells] == [0] * len(PICTURES)
