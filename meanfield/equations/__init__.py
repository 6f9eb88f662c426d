"""The equations of the papers: what each says, and where it is."""

from meanfield.equations.answer import Equation, Holder, equation, holders
from meanfield.equations.cells import Printed, Standing
from meanfield.equations.names import places
from meanfield.equations.printed import PRINTED

__all__ = ["PRINTED", "Equation", "Holder", "Printed", "Standing", "equation", "holders", "places"]
