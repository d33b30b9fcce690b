"""What a run's log says about why it failed."""

from functools import partial
import os

import pytest

from forgetting.records import log as run_log

TRACEBACK = """\
Traceback (most recent call last):
  File "x.py", line 1, in f
    g()
ValueError: first

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "x.py", line 2, in f
KeyError: second
"""


def attempt(*lines: str, code: int | None = 1) -> str:
  end = "" if code is None else run_log.ends(code)
  return run_log.begins("test") + "".join(f"{x}\n" for x in lines) + end


@pytest.mark.parametrize(
  ("text", "reason"),
  [
    (partial(attempt, "hello", code=0), None),
    (partial(attempt, "forgetting: a: stopped at step 3", code=75), None),
    (partial(attempt, "forgetting: a: found no result of b", code=3), None),
    (partial(attempt, "hello", code=None), None),  # it is done again
    (partial(attempt, "a warning", TRACEBACK), "ValueError: first"),
    (partial(attempt, *(f"0: {x}" for x in TRACEBACK.splitlines())),
     "ValueError: first"),
    (partial(attempt, "forgetting: lr: found 0, expected more", code=2),
     "lr: found 0, expected more"),
    (partial(attempt, "srun: error: n1: task 0: Exited with exit code 1",
             "slurmstepd: error: Detected 1 oom_kill event"),
     "slurmstepd: error: Detected 1 oom_kill event"),
    (partial(attempt, "srun: error: n1: task 0: Exited with exit code 9"),
     "srun: error: n1: task 0: Exited with exit code 9"),
    (partial(attempt, "bash: no-such: command not found", code=127),
     "bash: no-such: command not found"),
    (partial(attempt, "nothing of use", code=7), "ended with exit code 7"),
    (partial(attempt, "error: its worker died (exit code -9)", code=None),
     "error: its worker died (exit code -9)"),
  ],
)  # fmt: skip
def test_the_first_error_of_the_last_attempt(text, reason, tmp_path):
  file = tmp_path / "log.txt"
  file.write_text(attempt("forgetting: an old error", code=2) + text())
  assert run_log.first_error(file) == reason


def test_no_log_no_error(tmp_path):
  assert run_log.first_error(tmp_path / "log.txt") is None


def test_a_long_log_is_read_from_its_end(tmp_path):
  file = tmp_path / "log.txt"
  file.write_text(attempt("x" * 3 * run_log.ENOUGH, "forgetting: bad", code=2))
  assert run_log.first_error(file) == "bad"


def test_output_of_processes_too_goes_to_the_log(tmp_path, capfd):
  file = tmp_path / "run" / "log.txt"
  with run_log.taking_output(file):
    os.write(1, b"by Python\n")
    os.write(2, b"as error\n")
    os.system("echo by a child")
  os.write(1, b"afterwards\n")
  told = file.read_text().splitlines()
  assert told == ["by Python", "as error", "by a child"]
  assert capfd.readouterr().out == "afterwards\n"
