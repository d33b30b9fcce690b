"""The checkup: it tells what is broken and what mends it, and never fails."""

import json
import os
import subprocess
import sys

import pytest

from forgetting.doctor import checkup as doctor
from forgetting.doctor import packages as doctor_packages
from forgetting.doctor import words as doctor_words

NO_DEVICE = "import sys; sys.exit('no such driver')"


@pytest.fixture
def quick(monkeypatch, tmp_path):
  """A checkup that starts no JAX, with an empty cache of its own."""
  monkeypatch.setattr(doctor, "DEVICES", 'print(\'[["cpu", "cpu"]]\')')
  monkeypatch.setenv("FORGETTING_CACHE", str(tmp_path / "cache"))
  return tmp_path / "cache"


def test_a_checkup_names_versions_devices_cache_and_disk(quick):
  compiled = quick / "compiled" / "x"
  compiled.mkdir(parents=True)
  (compiled / "program").write_bytes(b"0" * 2500)
  found = doctor.examine()
  assert found.devices == ("cpu",)
  assert found.cache.size == 2500
  assert found.parts["compiled"].files == 1
  assert found.free["cache"] > 0
  told = doctor_words.tell(found)
  for word in ("python", "jax", str(quick), "2.5 kB", "compiled", "slurm"):
    assert word in told


def test_several_devices_of_a_kind_are_counted(quick, monkeypatch):
  found = [["gpu", "NVIDIA H200"]] * 8
  monkeypatch.setattr(doctor, "DEVICES", f"print('{json.dumps(found)}')")
  assert doctor.examine().devices == ("8 x NVIDIA H200",)


def test_no_device_is_a_problem_and_no_crash(quick, monkeypatch):
  monkeypatch.setattr(doctor, "DEVICES", NO_DEVICE)
  found = doctor.examine()
  assert found.devices == ()
  assert "no such driver" in found.device_error
  assert any("no such driver" in line for line in found.problems)
  assert "PROBLEM" in doctor_words.tell(found)


def test_what_is_light_by_intention_is_no_problem(quick, monkeypatch):
  """JAX is missing with all that trains: tables and laws do without."""
  monkeypatch.setattr(doctor, "DEVICES", NO_DEVICE)
  absent = doctor_packages.Package("jax>=0", "", False)
  train = {"train": (absent,)}
  monkeypatch.setattr(
    doctor,
    "packages",
    lambda: doctor_packages.Packages((), train, {"local": ""}),
  )
  found = doctor.examine()
  assert not found.problems
  assert any("pip install '.[train]'" in line for line in found.notes)
  old = doctor_packages.Package("jax>=9", "8", False)
  train["train"] = (old,)
  problems = doctor.examine().problems
  assert any("jax>=9" in line and "[train]" in line for line in problems)
  assert any("no such driver" in line for line in problems)


def test_a_hanging_device_is_told(quick, monkeypatch):
  monkeypatch.setattr(doctor, "DEVICES", "import time; time.sleep(60)")
  monkeypatch.setattr(doctor, "DEVICE_SECONDS", 0.5)
  assert "did not answer" in doctor.examine().device_error


def test_a_gpu_that_jax_does_not_use_is_noted(quick, monkeypatch):
  monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}")
  notes = doctor.examine().notes
  assert any("pip install '.[cuda]'" in line for line in notes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written_is_a_problem(quick):
  quick.mkdir()
  quick.chmod(0o500)
  problems = doctor.examine().problems
  assert any("FORGETTING_CACHE" in line for line in problems)


def test_a_program_that_is_not_installed_is_looked_at_too(quick, monkeypatch):
  def requires(name):
    raise doctor_packages.metadata.PackageNotFoundError(name)

  monkeypatch.setattr(doctor_packages.metadata, "requires", requires)
  assert "not being installed" not in doctor_words.tell(doctor.examine())[:20]
  assert "without being installed" in doctor_words.tell(doctor.examine())


def test_the_command_prints_json_alone(tmp_path):
  done = subprocess.run(
    [sys.executable, "-m", "forgetting", "doctor", "--json", "-"],
    capture_output=True,
    text=True,
    env=os.environ
    | {"JAX_PLATFORMS": "cpu", "FORGETTING_CACHE": str(tmp_path)},
  )
  found = json.loads(done.stdout)
  assert found["cache"]["path"] == str(tmp_path)
  assert done.returncode == (1 if found["problems"] else 0)
