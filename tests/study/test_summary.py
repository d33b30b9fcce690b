"""What became of a study in one call, in words and as JSON."""

import json

from forgetting.study.summary import Summary


def summary() -> Summary:
  worker = dict(
    import_seconds=2.0, compiled=3, from_cache=1, peak_memory_bytes=1000
  )
  return Summary(
    done=["a", "b"], skipped=["c"], failed={"d": "d: why"}, left_out=["e"],
    workers={1: worker, 2: worker}, text_seconds=0.5, seconds=61.4,
  )  # fmt: skip


def test_it_is_told_in_two_lines():
  assert str(summary()).splitlines() == [
    "2 runs done in 61 s, 1 were done already, 1 failed, 1 left out",
    "2 workers: 6 programs compiled, 2 found in the compilation cache",
  ]
  assert str(Summary(done=["a"], elsewhere=["b", "c"])) == (
    "1 runs done in 0 s, 0 were done already, 2 by other processes meanwhile"
  )
  assert str(Summary(skipped=["a"])) == (
    "0 runs done in 0 s, 1 were done already"
  )


def test_how_it_went_is_beside_the_runs(tmp_path):
  summary().write(tmp_path / "study.json")
  told = json.loads((tmp_path / "study.json").read_text())
  assert told["runs_done"] == told["workers"] == 2
  assert told["import_seconds"] == 4 and told["programs_compiled"] == 6
  assert told["peak_memory_bytes"] > 2000  # its own beside theirs
  assert json.loads(json.dumps(summary().as_dict()))["failed"] == {
    "d": "d: why"
  }
