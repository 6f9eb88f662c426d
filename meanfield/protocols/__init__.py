"""The contracts of the house; the first pages to read.

A law asks, a measure answers, a method moves, the loop steps, the record remembers.  Five parts, none of
which knows another's insides.  Everything here is a contract with shapes: `n` points, `d` ambient dimension,
`N` nodes, `M` coefficients, `m` tangent components, `...` independent replicas.  A class may inherit from a
contract (and so get the few defaults written out below) or merely have its shape.

All parts are pure: the same arguments give the same bits, so a run can be resumed exactly.
"""

from meanfield.protocols.array import Array
from meanfield.protocols.choosing import Choosing
from meanfield.protocols.form import Form, Snapshot
from meanfield.protocols.geometry import Geometry, Line
from meanfield.protocols.kernel import Bilinear, Kernel
from meanfield.protocols.law import Law, said
from meanfield.protocols.measure import Measure, Reading, Sight
from meanfield.protocols.method import Change, Method
from meanfield.protocols.scheme import Scheme
from meanfield.protocols.space import Atlas, Plan, Space
from meanfield.protocols.status import Status, Stop, Unsettled
from meanfield.protocols.step import Between, Observer, Rng, Step, Stepped, Stepper

__all__ = [
    "Array",
    "Atlas",
    "Between",
    "Bilinear",
    "Change",
    "Choosing",
    "Form",
    "Geometry",
    "Kernel",
    "Law",
    "Line",
    "Measure",
    "Method",
    "Observer",
    "Plan",
    "Reading",
    "Rng",
    "Scheme",
    "Sight",
    "Snapshot",
    "Space",
    "Status",
    "Step",
    "Stepped",
    "Stepper",
    "Stop",
    "Unsettled",
    "said",
]
