"""The types of arrays, and of what can be made one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
Places = NDArray[np.intp]

__all__ = ["Array", "ArrayLike", "Counts", "Flags", "Places"]
