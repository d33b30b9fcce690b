"""Launching on TPU slices: names, groups, the script, what is refused."""

import dataclasses
import json
import os
import pathlib
import subprocess
import time

import pytest

from forgetting.config import InputError, Study
from forgetting.launch import gke, pods, skypilot, tpus
from forgetting.launch.jobs import Launch

ROOT = "gs://my-bucket/runs"
SKYPILOT = {"accelerator": "v5litepod-16", "infra": "gcp/us-central1"}
GKE = {
  "accelerator": "tpu-v5litepod-16",
  "cluster": "tpus",
  "project": "mine",
  "zone": "us-central1-a",
  "image": "gcr.io/mine/forgetting",
}


@pytest.fixture
def launch(finetuning) -> Launch:
  """Two sizes of parents, with two children and one."""
  other = dataclasses.replace(
    finetuning, parent=dataclasses.replace(finetuning.parent, seed=1)
  )
  runs = (finetuning, other, dataclasses.replace(finetuning, seed=3))
  study = Study(name="my_study", runs=runs)
  return Launch(
    study_file="toy.py",
    study=study,
    root=ROOT,
    todo=study.ordered(),
    profile=SKYPILOT,
    profile_file="tpu.toml",
  )


@pytest.mark.parametrize(
  ("name", "hosts", "runtime"),
  [
    ("v5litepod-8", 1, "v2-alpha-tpuv5-lite"),
    ("tpu-v5litepod-16", 4, "v2-alpha-tpuv5-lite"),
    ("v6e-256", 64, "v2-alpha-tpuv6e"),
    ("v4-8", 1, "tpu-ubuntu2204-base"),
    ("v4-32", 4, "tpu-ubuntu2204-base"),
    ("v5p-16", 2, "v2-alpha-tpuv5"),
  ],
)
def test_a_slice_by_its_name(name, hosts, runtime):
  found = tpus.find(name, where="x")
  assert (found.hosts, found.runtime) == (hosts, runtime)


@pytest.mark.parametrize(
  ("name", "told"),
  [
    ("v99-8", "tpu.toml: accelerator: found 'v99-8', expected a TPU as"),
    ("v5lite-8", "did you mean v5litepod?"),
    ("v5litepod-12", "expected one of v5litepod-1, v5litepod-4"),
    ("h100", "expected a TPU as v5litepod-16, of v2, v3"),
  ],
)
def test_a_slice_that_is_not_sold_is_named(launch, name, told):
  for engine, profile in ((skypilot, SKYPILOT), (gke, GKE)):
    wrong = dataclasses.replace(launch, profile=profile | {"accelerator": name})
    with pytest.raises(InputError) as error:
      engine.check(wrong)
    assert told in str(error.value) and "\n" not in str(error.value)


def test_a_group_is_what_starts_from_one_pretraining(launch):
  found = pods.groups(launch)
  assert [len(group.runs) for group in found] == [3, 2]
  for group in found:
    names = [run.name for run in group.runs]
    for run in group.runs:
      for need in run.needs:
        assert names.index(need.name) < names.index(run.name)
  assert [group.key for group in found] == [*pods.members(launch)]
  assert all(group.key.startswith("my-study-") for group in found)
  # once the parents are done the groups keep their names
  left = [run for run in launch.todo if run.parent]
  again = pods.groups(dataclasses.replace(launch, todo=tuple(left)))
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
def test_the_script_does_a_group_in_order(launch, tmp_path, codes, ended, done):
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
  group = pods.groups(launch)[0]
  text = pods.script(launch, group, hosts="4", job=None, program=str(stub))
  assert subprocess.run(["bash", "-c", text], check=False).returncode == ended
  pulled, *asked = (tmp_path / "asked").read_text().splitlines()
  assert pulled == f"4 data pull toy.py --at {ROOT}/my_study/text"
  names = [run.name for run in group.runs][:done]
  assert asked == [
    f"4 run toy.py --root {ROOT} --name {name}" for name in names
  ]


def test_a_signal_goes_on_to_the_run_which_saves(launch, tmp_path):
  stub = tmp_path / "stub"
  stub.write_text(
    "#!/bin/bash\n"
    '[ "$1" = data ] && exit 0\n'
    f"trap 'echo saved >{tmp_path}/saved; exit 75' TERM\n"
    f"echo begun >>{tmp_path}/begun\n"
    "for _ in $(seq 600); do sleep 0.1; done\n"
  )
  stub.chmod(0o755)
  group = pods.groups(launch)[0]
  text = pods.script(launch, group, hosts="1", job="j", program=str(stub))
  # as xpk starts it: the signal comes to this shell alone
  shell = subprocess.Popen(["bash", "-c", text])
  while not (tmp_path / "begun").exists():
    time.sleep(0.02)
  shell.terminate()
  assert shell.wait(20) == 75
  assert (tmp_path / "saved").exists()
  assert (tmp_path / "begun").read_text() == "begun\n"


def test_text_that_cannot_be_had_stops_the_script(launch, tmp_path):
  group = pods.groups(launch)[0]
  text = pods.script(launch, group, hosts="1", job=None, program="false")
  assert subprocess.run(["bash", "-c", text], check=False).returncode == 1


def test_a_job_tells_skypilot_what_it_needs(launch):
  files = skypilot.render(launch)
  keys = [group.key for group in pods.groups(launch)]
  assert [*files] == [*(f"{key}.yaml" for key in keys), "submit.sh"]
  text = files[f"{keys[0]}.yaml"]
  for line in (
    f"name: {keys[0]}",
    "  infra: gcp/us-central1",
    "  accelerators: tpu-v5litepod-16",
    "    runtime_version: v2-alpha-tpuv5-lite",
    "    gcp_queued_resource: true",
    "  use_spot: true",
    "    recover_on_exit_codes: [75]",
    "  export FORGETTING_HOSTS=4",
  ):
    assert line in text.splitlines()
  assert "{{" not in text and "FORGETTING_JOB" not in text
  assert files["submit.sh"].startswith(
    f"sky jobs launch --yes --detach-run {keys[0]}.yaml\n"
  )


def test_what_no_slice_could_do_is_refused(launch, finetuning, monkeypatch):
  def refused(engine, told, **changes):
    with pytest.raises(InputError) as error:
      engine.check(dataclasses.replace(launch, **changes))
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


@pytest.fixture
def at_home(launch, bucket, text, monkeypatch) -> Launch:
  """The folder has the text in it, and the root is a bucket's."""
  here = pathlib.Path(next(iter(text.values()))).parent
  monkeypatch.chdir(here)
  (here / "constraints.txt").touch()

  def moved(run):
    return dataclasses.replace(
      run,
      domain=run.domain and os.path.relpath(run.domain),
      pretraining=tuple(map(os.path.relpath, run.pretraining)),
      parent=run.parent and moved(run.parent),
    )

  runs = tuple(moved(run) for run in launch.study.runs)
  study = Study(name="toy", runs=tuple(r for r in runs if r.parent))
  return dataclasses.replace(
    launch, study=study, todo=study.ordered(), root=bucket
  )


def sky(folder: pathlib.Path, jobs: list[dict]) -> None:
  (folder / "jobs").write_text(json.dumps(jobs))
  (folder / "sky").write_text(
    "#!/bin/bash\n"
    f'echo "$*" >>{folder}/asked\n'
    f'[ "$2" = queue ] && {{ echo "server started"; cat {folder}/jobs; }}\n'
    f'[ "$2" = launch ] && cp "${{@: -1}}" {folder}\n'
    "exit 0\n"
  )
  (folder / "sky").chmod(0o755)


def test_groups_that_are_not_queued_are_submitted(
  at_home, cache, tmp_path, monkeypatch
):
  monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
  first, second = pods.groups(at_home)
  sky(tmp_path, [{"job_name": first.key, "status": "RECOVERING"}])
  skypilot.check(at_home)
  assert skypilot.queued(at_home) == dict.fromkeys(
    (run.name for run in first.runs), "queued"
  )
  told = skypilot.submit(at_home)
  assert told == (
    f"submitted 2 runs in 1 jobs: {second.key}; 3 runs were queued already"
  )
  asked = (tmp_path / "asked").read_text().splitlines()
  assert sum("jobs launch" in line for line in asked) == 1
  written = (tmp_path / f"{second.key}.yaml").read_text()
  assert written == skypilot.render(at_home)[f"{second.key}.yaml"]


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
