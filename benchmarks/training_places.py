"""What `benchmarks/training.py` measures, each in a process of its own."""

from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

from training_ours import Shape
from training_windows import Cell, Worker

from forgetting.study.seats import Seat

HERE = pathlib.Path(__file__).parent
PARTS = ("products", "attention", "elementwise", "optimizer")
# what holds a process to an instruction set: of XLA, and of PyTorch's libraries
ISA = {
  "avx2": (
    {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    {
      "ATEN_CPU_CAPABILITY": "avx2",
      "ONEDNN_MAX_CPU_ISA": "AVX2",
      "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
  )
}
NAMES = dict(
  ours="ours",
  stock="ours, without what it does for CPUs",
  trainer="Hugging Face Trainer",
  plain="PyTorch loop",
  compiled="torch.compile loop",
  **{part: f"{part} alone" for part in PARTS},
)


@dataclasses.dataclass(frozen=True)
class Row:
  """What is measured, and how."""

  what: str
  pinned: bool  # one single-threaded process a core; else one process
  dtype: str = "float32"

  @property
  def name(self) -> str:
    how = "a pinned process a core" if self.pinned else "one process"
    return f"{NAMES[self.what]}, {self.dtype}, {how}"

  @property
  def is_torch(self) -> bool:
    return self.what in ("trainer", "plain", "compiled")


class Place:
  """Interpreters and environments of the workers."""

  def __init__(
    self,
    torch: str | None,
    cache: str,
    *,
    platform: str,
    isa: str | None = None,
  ):
    self.torch = torch
    held = ISA[isa] if isa else ({}, {})
    self._held = dict(zip(("ours", "torch"), held, strict=True))
    self._pinned = {
      "ours": Seat().environment | {"BENCHMARK_CACHE": cache},
      "torch": {"OMP_NUM_THREADS": "1"},
    }
    self._free = {
      # empty: the best there is
      "ours": {"JAX_PLATFORMS": platform, "BENCHMARK_CACHE": cache},
      "torch": {},
    }

  def cell(self, row: Row, shape: Shape) -> Cell:
    """A running cell; its processes are ready."""
    kind = "torch" if row.is_torch else "ours"
    program = "parts" if row.what in PARTS else kind
    shape = dataclasses.replace(shape, dtype=row.dtype)
    asked = json.dumps(dataclasses.asdict(shape))
    command = [str(HERE / f"training_{program}.py"), row.what, asked]
    python = self.torch if row.is_torch else sys.executable
    env = dict((self._pinned if row.pinned else self._free)[kind])
    for name, value in self._held[kind].items():
      env[name] = f"{env.get(name, '')} {value}".strip()
    cores = sorted(os.sched_getaffinity(0)) if row.pinned else [None]
    members = [Worker([python, *command], core=core, env=env) for core in cores]
    facts = [member.answer() for member in members]
    return Cell(row.name, members, facts[0])


def in_force(isa: str | None) -> str:
  """Which instructions the processor has, and which are used."""
  try:
    text = pathlib.Path("/proc/cpuinfo").read_text()
  except OSError:
    text = ""
  wide = "avx512f" in text
  said = f"the processor has {'AVX-512' if wide else 'no AVX-512'}"
  if not isa:
    return f"instructions: {said}; nothing is held back"
  held = ", ".join(f"{k}={v}" for env in ISA[isa] for k, v in env.items())
  note = "; YNNPACK, which XLA calls, has no such switch" if wide else ""
  return f"instructions: {said}; held to {isa} by {held}{note}"


def torch_python(
  asked: str, packages: Sequence[str] = ("torch", "transformers", "accelerate")
) -> str | None:
  """An interpreter that has the peers; says in a line what is missing."""
  found = None
  for package in packages:
    tried = subprocess.run(
      [asked, "-c", f"import {package} as p; print(p.__version__)"],
      capture_output=True,
      text=True,
      env=os.environ | {"TRANSFORMERS_VERBOSITY": "error"},
    )
    if tried.returncode:
      print(f"{package}: not installed, and not measured")
      continue
    print(f"{package} {tried.stdout.strip()}")
    found = asked if package == "torch" else found
  return found
