"""What the TPU engines share: groups of runs, and the script that does one.

A slice does the runs that start from one pretraining, in order, so no slice
waits for another. Every host of the slice starts the same script; a run is
trained by all of them together.
"""

from collections.abc import Mapping, Sequence
import dataclasses
import os
import shlex
import shutil
import subprocess

from forgetting.config import InputError, Run
from forgetting.data import shared, sources, tfds_source
from forgetting.launch import template
from forgetting.launch.jobs import Launch
from forgetting.launch.tpus import Slice
from forgetting.runs import text_sources
from forgetting.storage import places

SCRIPT = "pod.sh"
LARGEST_NAME = 40  # letters of a job's name: Kubernetes adds to it


@dataclasses.dataclass(frozen=True)
class Group:
  """Runs for one slice, each after those that it needs.

  Attributes:
    key: a job's name: letters of the study, the pretraining's hash.
  """

  key: str
  runs: tuple[Run, ...]


def groups(launch: Launch) -> list[Group]:
  """The runs that are to be done, by the pretraining that they start from.

  The pretraining itself is in its group, if it is to be done.
  """
  found: dict[Run, list[Run]] = {}
  for run in launch.todo:
    found.setdefault(_first(run), []).append(run)
  return [Group(_key(launch, r), tuple(runs)) for r, runs in found.items()]


def members(launch: Launch) -> dict[str, list[str]]:
  """Which runs a job's name may stand for, done ones too.

  Returns:
    `Group.key` -> names of runs of the study.
  """
  out: dict[str, list[str]] = {}
  for run in launch.study.ordered():
    out.setdefault(_key(launch, _first(run)), []).append(run.name)
  return out


def _first(run: Run) -> Run:
  return _first(run.pretrained_by) if run.pretrained_by else run


def _key(launch: Launch, run: Run) -> str:
  letters = "".join(c if c.isalnum() else "-" for c in launch.study.name)
  name = letters.lower().strip("-")[: LARGEST_NAME - 9].rstrip("-")
  return f"{name}-{run.name.rpartition('-')[2]}"


def script(launch: Launch, group: Group, **values: str | None) -> str:
  """The script that does a group, for bash.

  Args:
    group: of the launch.
    values: `hosts`, `job` and `program` of pod.sh.
  """
  text = template.shipped(SCRIPT)
  return template.fill(
    text,
    {
      "names": " ".join(run.name for run in group.runs),
      "worker": shlex.join(_without_name(launch)),
      "study": shlex.quote(_relative(launch.study_file)),
      "own_text": shlex.join(launch.own_text),
      "text": shlex.quote(text_at(launch)),
      **values,
    },
    where=SCRIPT,
  )


def _without_name(launch: Launch) -> list[str]:
  """A worker's arguments: a group's runs differ in their names alone."""
  there = dataclasses.replace(launch, study_file=_relative(launch.study_file))
  words = there.worker("NAME")
  at = words.index("--name")
  return [*words[:at], *words[at + 2 :]]


def _relative(path: str) -> str:
  return os.path.relpath(path)


def text_at(launch: Launch) -> str:
  """Where the prepared text is: beside the study's results."""
  return f"{launch.root.rstrip('/')}/{launch.study.name}/text"


def push_text(launch: Launch) -> str:
  """Prepares the study's text, and puts it in the bucket.

  Returns:
    what to tell the user.

  Raises:
    InputError: the text cannot be had, or the bucket does not take it.
  """
  wanted = text_sources.wanted_by(launch.study.ordered())
  return shared.push(wanted, at=text_at(launch))


def check(launch: Launch, *, on: str) -> None:
  """Refuses what no slice could read: a local root, files that stay here.

  Args:
    on: the engine's name, for messages.

  Raises:
    InputError: one line, before anything is submitted.
  """
  if not places.is_remote(launch.root):
    raise InputError(
      f"--root: found {launch.root}, expected gs://BUCKET/FOLDER: a slice of"
      f" --on {on} writes its results and checkpoints to a bucket"
    )
  inside = [launch.study_file]
  for one in text_sources.wanted_by(launch.study.ordered()):
    if _is_file(one.source):
      inside.append(one.source)
  for path in inside:
    if os.path.isabs(path) or _relative(path).startswith(os.pardir):
      raise InputError(
        f"{path}: found it outside of this folder, expected it inside: the"
        " folder is what --on " + on + " copies to a slice"
      )
  places.check_reached(launch.root)


def check_runs(launch: Launch, slice_: Slice) -> None:
  """Refuses what several hosts cannot do together.

  Raises:
    InputError: a run replays, and the slice has more than one host.
  """
  replaying = [run.name for run in launch.todo if run.replay is not None]
  if slice_.hosts > 1 and replaying:
    raise InputError(
      f"accelerator: found {slice_.name} with {slice_.hosts} hosts, expected"
      f" one host: {replaying[0]} replays; leave such runs out with --only"
    )


def _is_file(source: str) -> bool:
  return not tfds_source.is_one(source) and sources.is_path(source)


def program(name: str, *, on: str) -> str:
  """Where an engine's own program is.

  Args:
    name: the command's.
    on: the engine's, for messages.

  Raises:
    InputError: it is not on PATH.
  """
  found = shutil.which(name)
  if found is None:
    raise InputError(
      f"--on {on}: found no command {name}, expected it; install it in an"
      " environment of its own (`make engines` does) and put that on PATH"
    )
  return found


def ask(
  command: Sequence[str],
  *,
  what: str,
  advice: str,
  environment: Mapping[str, str] | None = None,
) -> str:
  """What that program prints.

  Args:
    command: the program and its arguments.
    what: it is called in messages, before its second argument.
    advice: what to do when it fails.
    environment: beside this process's own.

  Raises:
    InputError: it failed: its last line, and the advice.
  """
  done = subprocess.run(
    command,
    capture_output=True,
    text=True,
    check=False,
    stdin=subprocess.DEVNULL,
    env={**os.environ, **(environment or {})},
  )
  if done.returncode:
    said = (done.stderr or done.stdout).strip().splitlines()
    reason = said[-1] if said else f"exit code {done.returncode}"
    raise InputError(f"{what} {command[2]}: {reason}; {advice}")
  return done.stdout


def told(launch: Launch, submitted: Mapping[str, int], queued: int) -> str:
  """What to say after a launch.

  Args:
    submitted: `Group.key` -> runs of the job.
    queued: runs that were queued before.
  """
  runs = sum(submitted.values())
  line = f"submitted {runs} runs in {len(submitted)} jobs"
  if submitted:
    line += f": {', '.join(submitted)}"
  return f"{line}; {queued} runs were queued already" if queued else line
