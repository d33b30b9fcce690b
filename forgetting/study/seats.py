"""Where a worker process runs: a core, a GPU or the TPU of this machine.

Found without JAX: the study's own process does not import it, and must not
take hold of the GPUs.
"""

from collections.abc import Callable, Mapping
import dataclasses
import importlib.util
import itertools
import os
import pathlib
import shutil
import subprocess

from forgetting.cost import memory

EXECUTOR_CPU = "one single-threaded process a core"
EXECUTOR_GPU = "one process a GPU"
EXECUTOR_TPU = "one process for all TPU chips"

_ON_CPU = {
  "JAX_PLATFORMS": "cpu",
  "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
  "OMP_NUM_THREADS": "1",
  "OPENBLAS_NUM_THREADS": "1",
}
_CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


@dataclasses.dataclass(frozen=True)
class Seat:
  """What one worker's process has of this machine.

  Attributes:
    core: to pin it to; None: not pinned.
    gpu: as in CUDA_VISIBLE_DEVICES; None: no GPU.
    tpu: whether it has all TPU chips of this machine.
  """

  core: int | None = None
  gpu: str | None = None
  tpu: bool = False

  @property
  def on_cpu(self) -> bool:
    """Whether it has no accelerator."""
    return self.gpu is None and not self.tpu

  @property
  def slots(self) -> int | None:
    """Runs that it trains together; None: as many as its device likes.

    Cores like one: two processes train more than one does with any fleet.
    """
    return 1 if self.on_cpu else None

  @property
  def executor(self) -> str:
    """How its runs are trained, in words for their results."""
    if self.tpu:
      return EXECUTOR_TPU
    return EXECUTOR_CPU if self.on_cpu else EXECUTOR_GPU

  @property
  def environment(self) -> dict[str, str]:
    """What the worker's process is started with."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if self.on_cpu:
      return quiet | _ON_CPU
    if self.tpu:
      return quiet
    share = memory.gpu_share(os.environ)
    return quiet | share | {"CUDA_VISIBLE_DEVICES": self.gpu}


def seats(
  gpus: Callable[[], list[str]] | None = None,
  tpu: Callable[[], bool] | None = None,
) -> list[Seat]:
  """One a GPU where JAX would see GPUs, one for all TPU chips, or one a core.

  Args:
    gpus: tells them; by default the driver's nvidia-smi.
    tpu: tells whether there are chips; by default their device files.
  """
  found = (gpus or usable_gpus)()
  if found:
    return [Seat(gpu=gpu) for gpu in found]
  if (tpu or usable_tpu)():
    return [Seat(tpu=True)]
  if hasattr(os, "sched_getaffinity"):
    return [Seat(core=core) for core in sorted(os.sched_getaffinity(0))]
  return [Seat()] * (os.cpu_count() or 1)


def usable_gpus(
  environment: Mapping[str, str] = os.environ,
  listed: Callable[[], list[str]] | None = None,
) -> list[str]:
  """GPUs that a worker may use, as CUDA_VISIBLE_DEVICES names them.

  Args:
    environment: what the user says: CUDA_VISIBLE_DEVICES, JAX_PLATFORMS.
    listed: tells which there are; by default the driver's nvidia-smi.
  """
  if not _allowed(environment, "cuda", "gpu"):
    return []
  there = (listed or _listed)()
  chosen = environment.get("CUDA_VISIBLE_DEVICES")
  if chosen is None or not there:
    return there
  named = [gpu.strip() for gpu in chosen.split(",")]
  # as CUDA reads it: -1 hides itself and what comes after it
  return list(itertools.takewhile(lambda x: x and x[0] != "-", named))


def usable_tpu(
  environment: Mapping[str, str] = os.environ,
  devices: pathlib.Path = pathlib.Path("/dev"),
) -> bool:
  """Whether a worker may use TPU chips.

  Args:
    environment: what the user says: JAX_PLATFORMS.
    devices: where the chips' files are.
  """
  chips = [*devices.glob("accel[0-9]*"), *devices.glob("vfio/[0-9]*")]
  library = importlib.util.find_spec("libtpu") is not None
  return bool(chips) and library and _allowed(environment, "tpu")


def _allowed(environment: Mapping[str, str], *platforms: str) -> bool:
  asked = environment.get("JAX_PLATFORMS", "").lower().split(",")
  return asked == [""] or bool(set(platforms) & set(asked))


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
