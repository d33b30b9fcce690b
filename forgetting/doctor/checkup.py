"""What `forgetting doctor` looks at: what is here, and what is missing.

Nothing here raises for what it finds: a broken part is told, with what mends
it, and the rest is looked at all the same.
"""

from collections.abc import Mapping
import dataclasses
from importlib import metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

from forgetting.doctor.packages import Packages, packages

DEVICE_SECONDS = 120  # a TPU that another process holds makes JAX wait
LEAST_FREE = 5 * 2**30  # bytes: text, checkpoints and compiled programs
# In a process of its own: what a driver does to JAX, it does not do to us.
DEVICES = """
import json, jax
found = [(d.platform, d.device_kind) for d in jax.devices()]
print(json.dumps(found))
"""


@dataclasses.dataclass(frozen=True)
class Folder:
  """A folder of the cache.

  Attributes:
    path: where it is, or would be.
    files, size: what is in it; bytes.
    writable: whether something can be put there.
  """

  path: str
  files: int
  size: int
  writable: bool

  @classmethod
  def of(cls, path: pathlib.Path) -> "Folder":
    """Counts what is in a folder.

    Args:
      path: it need not be there: then it is writable if its parent is.
    """
    sizes = [f.lstat().st_size for f in path.rglob("*") if f.is_file()]
    writable = os.access(_there(path), os.W_OK)
    return cls(str(path), len(sizes), sum(sizes), writable)


@dataclasses.dataclass(frozen=True)
class Checkup:
  """What was found.

  Attributes:
    versions: of the program, Python and what decides the numbers.
    machine: cores, memory in bytes, system.
    devices: "cpu", "NVIDIA H200" ..., as JAX names them; several alike as
      "8 x NVIDIA H200".
    device_error: why JAX has none, or "".
    cache: the whole cache of the user.
    parts: by name what is in it: archives, documents and chunks of text,
      compiled programs.
    free: bytes on the disk of the cache, and on that of the working directory.
    packages: the program's, and each extra's.
    problems: what stands in the way of every use; a line each, with what
      mends it.
    notes: what stands in the way of some use.
  """

  versions: Mapping[str, str]
  machine: Mapping[str, object]
  devices: tuple[str, ...]
  device_error: str
  cache: Folder
  parts: Mapping[str, Folder]
  free: Mapping[str, int]
  packages: Packages
  problems: tuple[str, ...]
  notes: tuple[str, ...]

  def as_dict(self) -> dict:
    """The checkup as plain dicts and tuples, for JSON."""
    return dataclasses.asdict(self)


def examine() -> Checkup:
  """Looks at everything; takes seconds, most of them JAX's start.

  Returns:
    what was found: what is broken is told in it, and nothing is raised.
  """
  found = packages()
  devices, device_error = _devices()
  root = _cache_root()
  cache = Folder.of(root)
  free = {
    "cache": shutil.disk_usage(_there(root)).free,
    "here": shutil.disk_usage(".").free,
  }
  return Checkup(
    versions=_versions(),
    machine=_machine(),
    devices=devices,
    device_error=device_error,
    cache=cache,
    parts={p.name: Folder.of(p) for p in _folders(root)},
    free=free,
    packages=found,
    problems=tuple(_problems(found, device_error, cache)),
    notes=tuple(_notes(found, devices, free)),
  )


def _versions() -> dict[str, str]:
  names = ("forgetting", "jax", "jaxlib", "flax", "tensorflow", "numpy")
  out = {"python": platform.python_version()}
  for name in names:
    try:
      out[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
      out[name] = "not installed"
  return out


def _machine() -> dict[str, object]:
  try:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
  except (ValueError, OSError):
    memory = 0
  cores = len(os.sched_getaffinity(0)) if _affinity() else os.cpu_count()
  return {"cores": cores, "memory": memory, "system": platform.platform()}


def _affinity() -> bool:
  return hasattr(os, "sched_getaffinity")


def _devices() -> tuple[tuple[str, ...], str]:
  """Devices as JAX names them, or why there are none."""
  try:
    done = subprocess.run(
      [sys.executable, "-c", DEVICES],
      capture_output=True,
      text=True,
      timeout=DEVICE_SECONDS,
    )
  except subprocess.TimeoutExpired:
    return (), f"JAX did not answer within {DEVICE_SECONDS} s"
  if done.returncode:
    lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
    return (), lines[-1]
  kinds = [
    "cpu" if where == "cpu" else kind
    for where, kind in json.loads(done.stdout.splitlines()[-1])
  ]
  return tuple(
    kind if kinds.count(kind) == 1 else f"{kinds.count(kind)} x {kind}"
    for kind in dict.fromkeys(kinds)
  ), ""


def _cache_root() -> pathlib.Path:
  from forgetting.data import cache

  return cache.root()


def _folders(root: pathlib.Path) -> list[pathlib.Path]:
  return sorted(p for p in root.glob("[!.]*") if p.is_dir())


def _there(path: pathlib.Path) -> pathlib.Path:
  """The folder, or the nearest one above it that exists."""
  return next(p for p in (path, *path.absolute().parents) if p.exists())


def _problems(found: Packages, device_error: str, cache: Folder):
  if not (3, 11) <= sys.version_info[:2] < (3, 14):
    yield f"found Python {platform.python_version()}, expected 3.11 to 3.13"
  for package in found.core:
    if not package.good:
      yield f"{package}: {found.install('')}"
  if not found.light:
    for package in found.missing("train"):
      yield f"{package}: {found.install('train')}"
    if device_error:
      yield f"JAX finds no device ({device_error})"
  if not cache.writable:
    yield (
      f"{cache.path} cannot be written: set FORGETTING_CACHE to a folder"
      " that can be"
    )


def _notes(found: Packages, devices, free):
  if found.light:
    yield (
      "what is here is enough for tables, laws, advice and pages; to train and"
      f" to prepare text: {found.install('train')}"
    )
  seen_gpu = shutil.which("nvidia-smi") or pathlib.Path("/dev/nvidia0").exists()
  if (
    not found.light
    and seen_gpu
    and not [name for name in devices if "cpu" not in name]
  ):
    yield (
      "a GPU is here and JAX does not use it: its driver is too old, or"
      f" {found.install('cuda')}"
    )
  for where, size in free.items():
    if size < LEAST_FREE:
      yield (
        f"{size / 1e9:.1f} GB are free on the disk of the"
        f" {'cache' if where == 'cache' else 'working directory'}: set"
        f" {'FORGETTING_CACHE' if where == 'cache' else '--root'} to a larger"
      )
