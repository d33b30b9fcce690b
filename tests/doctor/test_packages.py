"""Which packages and programs are here."""

import pathlib

from forgetting.doctor import packages as doctor_packages


def declare(monkeypatch, requirements, extras=()):
  """Lets the program ask for these packages."""
  real = doctor_packages.metadata.requires

  def requires(name):
    return requirements if name == doctor_packages.NAME else real(name)

  class Extras:
    def get_all(self, _):
      return list(extras)

  monkeypatch.setattr(doctor_packages.metadata, "requires", requires)
  monkeypatch.setattr(doctor_packages.metadata, "metadata", lambda _: Extras())


def test_missing_and_old_packages_are_told_apart(monkeypatch):
  declare(
    monkeypatch,
    ["numpy>=1", "numpy>=999", "no-such-package>=2", "x; extra == 'gpu'"],
    ["gpu"],
  )
  found = doctor_packages.packages()
  assert [package.good for package in found.core] == [True, False, False]
  assert "found" in str(found.core[1])
  assert "not installed" in str(found.core[2])
  assert [p.wanted for p in found.missing("gpu")] == ["x"]
  assert found.install("gpu") == "pip install '.[gpu]'"


def test_an_extra_needs_what_its_own_extras_need(monkeypatch):
  """`jax[cuda12]` is not there because jax is."""
  declare(monkeypatch, ["jax[no_plugin]; extra == 'cuda'"], ["cuda"])
  real = doctor_packages.metadata.requires
  of_jax = ["no-such-plugin; extra == 'no_plugin'"]
  monkeypatch.setattr(
    doctor_packages.metadata,
    "requires",
    lambda name: of_jax if name == "jax" else real(name),
  )
  missing = doctor_packages.packages().missing("cuda")
  assert [p.wanted for p in missing] == ["jax[no_plugin]"]


def test_an_engine_without_its_programs_tells_what_to_do(monkeypatch):
  monkeypatch.setattr(doctor_packages.shutil, "which", lambda _: None)
  engines = doctor_packages.packages().engines
  assert engines["local"] == ""
  assert "sbatch" in engines["slurm"]
  assert "login node" in engines["slurm"]


def test_every_extra_says_what_it_is_for():
  import tomllib

  root = pathlib.Path(__file__).parents[2]
  project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
  assert {*project["optional-dependencies"]} <= {*doctor_packages.FOR}
