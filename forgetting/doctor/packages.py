"""Which packages the program asks for, extra by extra, and which are here."""

import dataclasses
from importlib import metadata
import shutil

from packaging.requirements import Requirement

NAME = "forgetting"
FOR = {  # extra -> what it is for
  "": "tables, laws, advice, pages",
  "parquet": "tables in parquet, files in .zst, forgetting export",
  "associations": "forgetting associate",
  "train": "training, and text prepared for it",
  "cuda": "NVIDIA GPUs",
  "tpu": "TPUs",
  "huggingface": "tokenizers that are a tokenizer.json",
  "tensorboard": "--log tensorboard; forgetting import of its event files",
  "evals": "forgetting check --tasks",
  "trackio": "--log trackio",
  "wandb": "--log wandb",
  "embeddings": "forgetting associate --embeddings",
  "skypilot": "forgetting study --on skypilot",
  "gcs": "studies in gs://",
  "notebooks": "running the notebooks of colabs/",
  "docs": "building the documentation",
  "browser": "the tests of the page",
  "dev": "the tests",
}
ENGINES = {  # engine -> the programs that it calls, and where they come from
  "local": ((), ""),
  "slurm": (("sbatch", "squeue"), "run it on a login node of the cluster"),
  "skypilot": (
    ("sky",),
    "`make engines` installs SkyPilot in an environment to put on PATH",
  ),
  "gke": (
    ("xpk", "kubectl", "gcloud"),
    "`make engines` installs xpk likewise; install the Google Cloud CLI with"
    " kubectl",
  ),
}


@dataclasses.dataclass(frozen=True)
class Package:
  """One requirement.

  Attributes:
    wanted: as it is declared, "jax>=0.10.2".
    found: the version here, or "" where there is none.
    good: whether that is a version that was asked for.
  """

  wanted: str
  found: str
  good: bool

  def __str__(self) -> str:
    found = f"found {self.found}" if self.found else "not installed"
    return f"{self.wanted} is wanted, {found}"


@dataclasses.dataclass(frozen=True)
class Packages:
  """What the program asks for, and what of it is here.

  Attributes:
    core: what the program cannot do without.
    extras: extra -> its packages.
    engines: engine -> what of it is missing, "" where nothing is.
  """

  core: tuple[Package, ...]
  extras: dict[str, tuple[Package, ...]]
  engines: dict[str, str]

  def missing(self, extra: str) -> tuple[Package, ...]:
    """The packages of an extra that are absent or too old.

    Args:
      extra: its name; of one that is not declared nothing is missing.
    """
    return tuple(p for p in self.extras.get(extra, ()) if not p.good)

  @property
  def light(self) -> bool:
    """Whether nothing that trains is here, by intention or not yet."""
    train = self.extras.get("train", ())
    return bool(train) and not any(
      p.found for p in train if p.wanted.startswith("jax")
    )

  @staticmethod
  def install(extra: str) -> str:
    """The command that installs an extra.

    From a checkout: nothing else is known to have it.

    Args:
      extra: its name; "" for the program itself.
    """
    return f"pip install '.[{extra}]'" if extra else "pip install ."


def packages() -> Packages:
  """Reads the program's own requirements and looks for each.

  Returns:
    without requirements where the program is not installed.
  """
  try:
    declared = [Requirement(text) for text in metadata.requires(NAME) or ()]
    extras = metadata.metadata(NAME).get_all("Provides-Extra") or ()
  except metadata.PackageNotFoundError:
    declared, extras = [], ()
  by_extra = {
    extra: tuple(_look(r) for r in declared if r.marker and _for(r, extra))
    for extra in extras
  }
  core = tuple(_look(r) for r in declared if _for(r, ""))
  return Packages(core, by_extra, {name: _engine(name) for name in ENGINES})


def _for(requirement: Requirement, extra: str) -> bool:
  marker = requirement.marker
  if marker is None:
    return not extra
  return marker.evaluate({"extra": extra}) and (
    not extra or not marker.evaluate({"extra": ""})
  )


def _look(requirement: Requirement) -> Package:
  wanted = requirement.name
  if requirement.extras:
    wanted += f"[{','.join(sorted(requirement.extras))}]"
  wanted += str(requirement.specifier)
  try:
    found = metadata.version(requirement.name)
  except metadata.PackageNotFoundError:
    return Package(wanted, "", False)
  good = requirement.specifier.contains(found, prereleases=True)
  return Package(wanted, found, good and _with_extras(requirement))


def _with_extras(requirement: Requirement) -> bool:
  """Whether what its own extras ask for is here: jax[cuda12] is not jax."""
  for text in metadata.requires(requirement.name) or ():
    part = Requirement(text)
    if any(_for(part, extra) for extra in requirement.extras):
      try:
        metadata.version(part.name)
      except metadata.PackageNotFoundError:
        return False
  return True


def _engine(name: str) -> str:
  programs, remedy = ENGINES[name]
  missing = [program for program in programs if not shutil.which(program)]
  return f"{', '.join(missing)} not found: {remedy}" if missing else ""
