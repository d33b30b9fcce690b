"""Several processes that train one run: one a host of a cluster."""

import atexit
import collections
from collections.abc import Callable, Mapping
import os
import sys
from typing import Any

import jax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

from forgetting.training.watch import BEHIND

# Environment by which a cluster tells a process of the others: the variable
# with their number, or with the list of their hosts.
_COUNTS = (
  "JAX_NUM_PROCESSES",
  "FORGETTING_HOSTS",
  "SLURM_STEP_NUM_TASKS",
  "OMPI_COMM_WORLD_SIZE",
)
_HOSTS = ("TPU_WORKER_HOSTNAMES", "TPU_PROCESS_ADDRESSES")


def start() -> None:
  """Joins the other processes, where there are any.

  Before anything else uses JAX. JAX itself reads what SLURM, Open MPI, GKE and
  Cloud TPUs tell; elsewhere set JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and
  JAX_PROCESS_ID.
  """
  if not in_cluster(os.environ):
    return
  given: dict[str, Any] = {}
  if "JAX_NUM_PROCESSES" in os.environ:
    given = dict(
      coordinator_address=os.environ["JAX_COORDINATOR_ADDRESS"],
      num_processes=int(os.environ["JAX_NUM_PROCESSES"]),
      process_id=int(os.environ["JAX_PROCESS_ID"]),
    )
  jax.config.update("jax_cpu_collectives_implementation", "gloo")
  # its service takes SIGTERM for itself: a run would not hear it, and not save
  jax.config.update("jax_enable_preemption_service", False)
  jax.distributed.initialize(**given)


def in_cluster(environment: Mapping[str, str]) -> bool:
  """Whether it names other processes than this one."""
  counts = (int(environment.get(name) or 1) for name in _COUNTS)
  hosts = (len(environment.get(name, "").split(",")) for name in _HOSTS)
  return max(*counts, *hosts) > 1


def leave_others(code: int) -> None:
  """After an error of this process alone: its end does not wait for theirs.

  JAX's farewell would wait minutes for the others, who wait in a collective
  for this process. Lost, the first takes them with it in a second; another is
  missed after a hundred.
  """
  if jax.process_count() > 1:
    # what is registered last is called first: before JAX's own
    atexit.register(_end, code)


def _end(code: int) -> None:
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code)


def dispatch_here() -> None:
  """Lets XLA:CPU run a program in the thread that calls it.

  A single-threaded process has no other core for it to run on.
  """
  jax.config.update("jax_cpu_enable_async_dispatch", False)


def backend() -> str:
  """What this process trains on: cpu, gpu or tpu."""
  return jax.default_backend()


def count() -> int:
  """Processes of this run."""
  return jax.process_count()


def local_devices() -> int:
  """Devices of this process."""
  return jax.local_device_count()


def devices() -> int:
  """Devices of all processes of this run."""
  return jax.device_count()


def device_memory() -> int | None:
  """Bytes of one device that programs may take; None where it is not told."""
  return (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")


def first() -> bool:
  """Whether this process writes what all of them know."""
  return jax.process_index() == 0


def told_by_first(value: bool) -> bool:
  """What the first process says, in all of them."""
  if jax.process_count() == 1:
    return value
  return bool(multihost_utils.broadcast_one_to_all(np.int32(value)))


def told_by_any(value: bool) -> bool:
  """Whether one of the processes says so, in all of them."""
  if jax.process_count() == 1:
    return value
  return bool(multihost_utils.process_allgather(np.int32(value)).any())


def share() -> dict[str, int]:
  """Which rows of a batch this process draws."""
  return dict(host=jax.process_index(), hosts=jax.process_count())


def wait_for_others(where: str) -> None:
  """Returns once every process has come here."""
  if jax.process_count() > 1:
    multihost_utils.sync_global_devices(where)


def agreed(ask: Callable[[], int]) -> Callable[[], int]:
  """Gives the same number on all processes: the largest that one of them asks.

  Asked once a step. The devices pass the numbers on beside their training, so
  no host waits: what is asked now is known BEHIND steps later.
  """
  if jax.process_count() == 1:
    return ask
  mesh = Mesh(np.array(jax.devices()), "all")
  apart = NamedSharding(mesh, PartitionSpec("all"))
  together = NamedSharding(mesh, PartitionSpec())
  largest = jax.jit(lambda numbers: numbers.max(), out_shardings=together)
  arriving: collections.deque[jax.Array] = collections.deque()

  def asked() -> int:
    own = np.full(jax.local_device_count(), ask(), np.int32)
    numbers = jax.make_array_from_process_local_data(apart, own)
    arriving.append(largest(numbers))
    return int(np.asarray(arriving.popleft())) if len(arriving) > BEHIND else 0

  return asked
