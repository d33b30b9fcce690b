"""What SLURM's queue says of runs."""

from forgetting.launch import slurm_queue
from forgetting.launch.slurm_arrays import Element


def test_the_queue_is_read(chain, tmp_path, monkeypatch):
  first, second, third, fourth, *_ = names = [r.name for r in chain.runs]
  (tmp_path / "0a1b2c3d.names").write_text("\n".join(names))
  lines = [
    "forgetting-0a1b2c3d|40|0|RUNNING", "forgetting-0a1b2c3d|40|1|PENDING",
    "forgetting-0a1b2c3d|40|2|COMPLETED", "forgetting-0a1b2c3d|40|3|REQUEUED",
    "another|41|0|RUNNING",
  ]  # fmt: skip
  monkeypatch.setattr(slurm_queue.shutil, "which", lambda name: name)
  monkeypatch.setattr(slurm_queue, "_ask", lambda *command: lines)
  queue = slurm_queue.queue_of(tmp_path)
  assert {name: q.state for name, q in queue.items()} == {
    first: "running", second: "queued", fourth: "queued",
  }  # fmt: skip
  assert queue[second].element == Element("40", 1) and third not in queue
