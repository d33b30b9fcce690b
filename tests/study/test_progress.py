"""How far a study is: a line a run where there is no terminal."""

import dataclasses

from forgetting.study.progress import Progress


def test_a_line_a_run_with_the_rate_and_what_is_left(finetuning, capfd):
  other = dataclasses.replace(finetuning, injection=0)
  with Progress([finetuning, other], done=3) as progress:
    progress.finished(finetuning, dict(tokens=128, wall_seconds=2.5))
    progress.refresh()
    progress.say("a line [of] its own")
    progress.finished(other, dict(tokens=128, wall_seconds=2.5))
  first, second, said, third = capfd.readouterr().err.splitlines()
  assert first == "2 of 5 runs to do"
  assert second.startswith("4/5 runs, ")
  assert "tokens/s, about 0:0" in second
  assert second.endswith(f" left: {finetuning.name} in 2.5 s")
  assert said == "a line [of] its own"
  assert "5/5 runs" in third and "about 0:00 left" in third
