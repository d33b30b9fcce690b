"""Where a worker process runs: a core, or a GPU of this machine.

Found without JAX: the study's own process does not import it, and must not
take hold of the GPUs.
"""

from collections.abc import Callable, Mapping
import dataclasses
import importlib.util
import os
import shutil
import subprocess

EXECUTOR_CPU = "one single-threaded process a core"
EXECUTOR_GPU = "one process a GPU"

_ON_CPU = {
  "JAX_PLATFORMS": "cpu",
  "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
  "OMP_NUM_THREADS": "1",
  "OPENBLAS_NUM_THREADS": "1",
}
_CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


@dataclasses.dataclass(frozen=True)
class Seat:
  """Of one worker.

  Attributes:
    core: to pin it to; None: not pinned.
    gpu: as in CUDA_VISIBLE_DEVICES; None: on CPU.
  """

  core: int | None = None
  gpu: str | None = None

  @property
  def slots(self) -> int | None:
    """Runs that it trains together; None: as many as its device likes.

    Cores like one: two processes train more than one does with any fleet.
    """
    return 1 if self.gpu is None else None

  @property
  def executor(self) -> str:
    return EXECUTOR_CPU if self.gpu is None else EXECUTOR_GPU

  @property
  def environment(self) -> dict[str, str]:
    """What the worker's process is started with."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if self.gpu is None:
      return quiet | _ON_CPU
    return quiet | {"CUDA_VISIBLE_DEVICES": self.gpu}


def seats(gpus: Callable[[], list[str]] | None = None) -> list[Seat]:
  """One a GPU where JAX would see GPUs, else one a core.

  Args:
    gpus: tells them; by default the driver's nvidia-smi.
  """
  found = (gpus or usable_gpus)()
  if found:
    return [Seat(gpu=gpu) for gpu in found]
  if hasattr(os, "sched_getaffinity"):
    return [Seat(core=core) for core in sorted(os.sched_getaffinity(0))]
  return [Seat()] * (os.cpu_count() or 1)


def usable_gpus(
  environment: Mapping[str, str] = os.environ,
  listed: Callable[[], list[str]] | None = None,
) -> list[str]:
  """GPUs that a worker of this environment may use."""
  platforms = environment.get("JAX_PLATFORMS", "").lower().split(",")
  if platforms != [""] and not {"cuda", "gpu"} & set(platforms):
    return []
  there = (listed or _listed)()
  chosen = environment.get("CUDA_VISIBLE_DEVICES")
  if chosen is None or not there:
    return there
  return [gpu.strip() for gpu in chosen.split(",") if gpu.strip()]


def _listed() -> list[str]:
  """As the driver counts them, where JAX has what it needs to use them."""
  if not any(importlib.util.find_spec(name) for name in _CUDA_PLUGINS):
    return []
  if shutil.which("nvidia-smi") is None:
    return []
  done = subprocess.run(
    ["nvidia-smi", "-L"], capture_output=True, text=True, check=False
  )
  lines = done.stdout.splitlines() if done.returncode == 0 else ()
  return [str(i) for i, _ in enumerate(x for x in lines if x.startswith("GPU"))]
