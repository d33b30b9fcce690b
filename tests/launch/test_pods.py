"""What TPU engines share: groups, the script of one, what is refused."""

import dataclasses
import pathlib
import subprocess
import time

import pytest
from tpu_profiles import GKE, ROOT, SKYPILOT

from forgetting.config import InputError
from forgetting.launch import gke, pods, skypilot


def test_a_group_is_what_starts_from_one_pretraining(pods_launch):
  found = pods.groups(pods_launch)
  assert [len(group.runs) for group in found] == [3, 2]
  for group in found:
    names = [run.name for run in group.runs]
    for run in group.runs:
      for need in run.needs:
        assert names.index(need.name) < names.index(run.name)
  assert [group.key for group in found] == [*pods.members(pods_launch)]
  assert all(group.key.startswith("my-study-") for group in found)
  # once the parents are done the groups keep their names
  left = [run for run in pods_launch.todo if run.parent]
  again = pods.groups(dataclasses.replace(pods_launch, todo=tuple(left)))
  assert [group.key for group in again] == [group.key for group in found]


@pytest.mark.parametrize(
  ("codes", "ended", "done"),
  [
    ((0, 0, 0), 0, 3),
    ((0, 4, 0), 0, 3),
    ((0, 75, 0), 75, 2),
    ((2, 0, 3), 1, 3),
  ],
)
def test_the_script_does_a_group_in_order(
  pods_launch, tmp_path, codes, ended, done
):
  """With a program that notes what it is asked and ends as told."""
  stub = tmp_path / "stub"
  stub.write_text(
    "#!/bin/bash\n"
    f'echo "$FORGETTING_HOSTS $*" >>{tmp_path}/asked\n'
    f'[ "$1" = data ] && exit 0\n'
    f"codes=({' '.join(map(str, codes))})\n"
    f"exit ${{codes[$(($(wc -l <{tmp_path}/asked) - 2))]}}\n"
  )
  stub.chmod(0o755)
  group = pods.groups(pods_launch)[0]
  text = pods.script(pods_launch, group, hosts="4", job=None, program=str(stub))
  assert subprocess.run(["bash", "-c", text], check=False).returncode == ended
  pulled, *asked = (tmp_path / "asked").read_text().splitlines()
  assert pulled == f"4 data pull toy.py --at {ROOT}/my_study/text"
  names = [run.name for run in group.runs][:done]
  assert asked == [
    f"4 run toy.py --root {ROOT} --name {name}" for name in names
  ]


def test_a_signal_goes_on_to_the_run_which_saves(pods_launch, tmp_path):
  stub = tmp_path / "stub"
  stub.write_text(
    "#!/bin/bash\n"
    '[ "$1" = data ] && exit 0\n'
    f"trap 'echo saved >{tmp_path}/saved; exit 75' TERM\n"
    f"echo begun >>{tmp_path}/begun\n"
    "for _ in $(seq 600); do sleep 0.1; done\n"
  )
  stub.chmod(0o755)
  group = pods.groups(pods_launch)[0]
  text = pods.script(pods_launch, group, hosts="1", job="j", program=str(stub))
  # as xpk starts it: the signal comes to this shell alone
  shell = subprocess.Popen(["bash", "-c", text])
  while not (tmp_path / "begun").exists():
    time.sleep(0.02)
  shell.terminate()
  assert shell.wait(20) == 75
  assert (tmp_path / "saved").exists()
  assert (tmp_path / "begun").read_text() == "begun\n"


def test_text_that_cannot_be_had_stops_the_script(pods_launch, tmp_path):
  group = pods.groups(pods_launch)[0]
  text = pods.script(pods_launch, group, hosts="1", job=None, program="false")
  assert subprocess.run(["bash", "-c", text], check=False).returncode == 1


def test_what_no_slice_could_do_is_refused(
  pods_launch, finetuning, monkeypatch
):
  def refused(engine, told, **changes):
    with pytest.raises(InputError) as error:
      engine.check(dataclasses.replace(pods_launch, **changes))
    assert told in str(error.value) and "\n" not in str(error.value)

  monkeypatch.chdir(pathlib.Path(__file__).parents[2])
  refused(skypilot, "--root: found runs, expected gs://", root="runs")
  refused(gke, "--root: found runs", root="runs", profile=GKE)
  refused(skypilot, "found it outside", study_file="../x.py")
  refused(skypilot, "found it outside")  # the fixtures' text
  aws = SKYPILOT | {"infra": "aws"}
  refused(skypilot, "infra: found 'aws', expected 'gcp'", profile=aws)
  refused(skypilot, "accelerator is missing", profile={})
  lacking = {k: v for k, v in GKE.items() if k != "project"}
  refused(gke, "tpu.toml: project is missing", profile=lacking)
  monkeypatch.chdir("/")
  refused(skypilot, "found no constraints.txt here")


def test_a_missing_bucket_and_a_missing_command_are_told(
  at_home, cache, monkeypatch
):
  gone = dataclasses.replace(at_home, root="gs://not-there/runs")
  with pytest.raises(InputError, match="found no bucket not-there, expected"):
    skypilot.check(gone)
  monkeypatch.setenv("PATH", "/nowhere")
  with pytest.raises(InputError, match="found no command sky, expected"):
    skypilot.check(at_home)
  with pytest.raises(InputError, match="found no command xpk, expected"):
    gke.check(dataclasses.replace(at_home, profile=GKE))
