"""What the tests of pictures draw and look at."""

from __future__ import annotations

from typing import Any

import numpy as np

TURN = 2 * np.pi
N = 48
THETA = TURN * np.arange(N) / N
T = np.linspace(0.0, 2.0, 21)
VALUES = 1 + (0.3 * np.cos(THETA) + 0.2 * np.sin(2 * THETA)) * np.exp(0.4 * T)[:, None]
ENERGY = 1.0 + T**2


def labels_of(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]
