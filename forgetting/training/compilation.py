"""The persistent compilation cache: where it is, and whether it was hit."""

from collections.abc import Iterator
import contextlib
import dataclasses
import fcntl
import hashlib
import pathlib
import platform
import tempfile
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache
import jaxlib


@dataclasses.dataclass
class Compilations:
  """What this process compiled, and what it found compiled.

  JAX drops cache entries of another CPU without a word, hence the counting.
  """

  compiled: int = 0
  from_cache: int = 0
  seconds: float = 0.0

  def _event(self, event: str, **_) -> None:
    if event == "/jax/compilation_cache/cache_hits":
      self.from_cache += 1
    elif event == "/jax/compilation_cache/cache_misses":
      self.compiled += 1

  def _duration(self, event: str, duration_secs: float, **_) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
      self.seconds += duration_secs


def use_cache(directory: pathlib.Path) -> Compilations:
  """Keeps every program under `directory`, by jaxlib version and CPU.

  An executable of another version or CPU can crash the process. Where nothing
  can be written programs are compiled and not kept.
  """
  folder = directory / f"{jaxlib.__version__}-{_cpu()}"
  if _writable(folder):
    jax.config.update("jax_compilation_cache_dir", str(folder))
    compilation_cache.reset_cache()  # JAX keeps the folder it began with
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
  jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
  counts = Compilations()
  jax.monitoring.register_event_listener(counts._event)
  jax.monitoring.register_event_duration_secs_listener(counts._duration)
  return counts


def _writable(folder: pathlib.Path) -> bool:
  try:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
      file.write(b"0")
  except OSError:
    return False
  return True


@contextlib.contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
  """Lets one process compile what another then finds in the cache."""
  settings: Any = jax.config  # whose flags no type checker knows
  folder = settings.jax_compilation_cache_dir
  if folder is None or jax.process_count() > 1:  # these compile together
    yield
    return
  name = hashlib.sha256(key.encode()).hexdigest()[:16]
  with open(pathlib.Path(folder) / f".lock-{name}", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    yield


def _cpu() -> str:
  """Short hash of what this machine's processor can do."""
  features = platform.processor() + platform.machine()
  info = pathlib.Path("/proc/cpuinfo")
  if info.exists():
    lines = info.read_text().splitlines()
    features += "".join(
      sorted({x for x in lines if x.startswith(("flags", "model name"))})
    )
  return hashlib.sha256(features.encode()).hexdigest()[:8]
