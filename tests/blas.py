"""One thread of BLAS a process, as the verbs of laws have it.

Imported before NumPy, which reads it once. The tests' matrices are small: more
threads only wait for one another, where each core has a process already.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
