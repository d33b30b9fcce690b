"""Where workers sit: a GPU each where there are some, else a core."""

import os

from forgetting.cost import footprint
from forgetting.study import seats


def test_a_worker_a_gpu_sees_that_gpu_alone():
  taken = seats.seats(gpus=lambda: ["0", "1", "2"])
  assert [seat.gpu for seat in taken] == ["0", "1", "2"]
  for seat in taken:
    assert seat.environment["CUDA_VISIBLE_DEVICES"] == seat.gpu
    assert "JAX_PLATFORMS" not in seat.environment
    assert seat.core is None and seat.executor == "one process a GPU"


def test_of_a_gpu_a_run_may_have_what_a_dry_run_counts_on(monkeypatch):
  share = "XLA_CLIENT_MEM_FRACTION"
  for name in (share, "XLA_PYTHON_CLIENT_MEM_FRACTION"):
    monkeypatch.delenv(name, raising=False)
  assert seats.Seat(gpu="0").environment[share] == str(footprint.USABLE)
  assert share not in seats.Seat(core=0).environment
  monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", ".5")  # JAX wants one
  assert share not in seats.Seat(gpu="0").environment


def test_without_gpus_a_worker_a_core():
  taken = seats.seats(gpus=list)
  assert {seat.core for seat in taken} == os.sched_getaffinity(0)
  for seat in taken:
    assert seat.environment["JAX_PLATFORMS"] == "cpu"
    assert "CUDA_VISIBLE_DEVICES" not in seat.environment


def test_the_user_says_which_gpus_may_be_used():
  def usable(**environment):
    return seats.usable_gpus(environment, lambda: ["0", "1", "2"])

  assert usable() == ["0", "1", "2"]
  assert usable(CUDA_VISIBLE_DEVICES="2,0") == ["2", "0"]
  assert usable(CUDA_VISIBLE_DEVICES="") == []
  assert usable(JAX_PLATFORMS="cpu") == []
  assert usable(JAX_PLATFORMS="cuda,cpu") == ["0", "1", "2"]
  # named, and not there
  assert seats.usable_gpus({"CUDA_VISIBLE_DEVICES": "0"}, list) == []


def test_minus_one_hides_gpus():
  def usable(devices):
    return seats.usable_gpus({"CUDA_VISIBLE_DEVICES": devices}, lambda: ["0"])

  assert usable("-1") == []
  assert usable("0,-1,1") == ["0"]


def test_one_worker_has_all_tpu_chips(tmp_path, monkeypatch):
  (seat,) = seats.seats(gpus=list, tpu=lambda: True)
  assert seat.tpu and seat.slots is None
  assert "JAX_PLATFORMS" not in seat.environment
  assert seat.executor == "one process for all TPU chips"

  found = lambda name: object() if name == "libtpu" else None  # noqa: E731
  monkeypatch.setattr(seats.importlib.util, "find_spec", found)
  assert not seats.usable_tpu({}, tmp_path)
  (tmp_path / "accel0").touch()
  assert seats.usable_tpu({}, tmp_path)
  assert seats.usable_tpu({"JAX_PLATFORMS": "tpu,cpu"}, tmp_path)
  assert not seats.usable_tpu({"JAX_PLATFORMS": "cpu"}, tmp_path)
