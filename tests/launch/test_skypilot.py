"""Jobs of SkyPilot, by a stand-in for its command."""

import json
import os
import pathlib

from forgetting.launch import pods, skypilot


def test_a_job_tells_skypilot_what_it_needs(pods_launch):
  files = skypilot.render(pods_launch)
  keys = [group.key for group in pods.groups(pods_launch)]
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
