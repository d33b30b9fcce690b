"""`forgetting doctor`: words or JSON, and the exit code of a checkup."""

import json
import types

from command import called
import pytest

from forgetting.doctor import checkup, words


@pytest.mark.parametrize(("problems", "code"), [((), 0), (("no disk",), 1)])
def test_a_problem_is_the_exit_code(monkeypatch, problems, code):
  found = types.SimpleNamespace(
    problems=problems, as_dict=lambda: {"problems": problems}
  )
  monkeypatch.setattr(checkup, "examine", lambda: found)
  monkeypatch.setattr(words, "tell", lambda found: "all of it")
  done = called("doctor")
  assert (done.returncode, done.stdout) == (code, "all of it\n")
  done = called("doctor", "--json", "-")
  assert json.loads(done.stdout) == {"problems": [*problems]}
