"""Workloads of GKE, by a stand-in for xpk."""

import base64
import dataclasses
import os
import pathlib
import re
import shlex

import pytest
from tpu_profiles import GKE

from forgetting.config import InputError
from forgetting.launch import gke, pods
from forgetting.launch.jobs import Launch


@pytest.fixture
def launch(pods_launch) -> Launch:
  return dataclasses.replace(pods_launch, profile=GKE)


def xpk(folder: pathlib.Path, listed: str, *, code: int = 0) -> None:
  (folder / "listed").write_text(listed)
  (folder / "xpk").write_text(
    "#!/bin/bash\n"
    f'echo "$*" >>{folder}/asked\n'
    f'[ "$2" = list ] && cat {folder}/listed\n'
    f"exit {code}\n"
  )
  (folder / "xpk").chmod(0o755)


def test_a_workload_is_submitted_by_one_command(launch):
  files, groups = gke.render(launch), pods.groups(launch)
  assert [*files] == [*(f"{g.key}.sh" for g in groups), "submit.sh"]
  first, second = files["submit.sh"].splitlines()
  words = shlex.split(first)
  assert words[:5] == ["xpk", "workload", "create", "--workload", groups[0].key]
  assert words[words.index("--tpu-type") + 1] == "v5litepod-16"
  assert words[words.index("--restart-on-exit-codes") + 1] == "75"
  assert "--spot" not in words and groups[1].key in second
  packed = re.match(r"echo (\S+) \| base64 -d", words[-1])[1]
  script = files[f"{groups[0].key}.sh"]
  assert base64.b64decode(packed).decode() == script
  assert f"FORGETTING_JOB={groups[0].key}" in script
  assert gke.render(dataclasses.replace(launch, todo=())) == {}


def test_what_the_cluster_lists_is_queued_or_running(
  launch, tmp_path, monkeypatch
):
  monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
  first, second = pods.groups(launch)
  names = [[run.name for run in group.runs] for group in (first, second)]
  xpk(tmp_path, f"{first.key} 1 Running\n{second.key} 0 Pending\nx 1 Running")
  assert gke.queued(launch) == {
    **dict.fromkeys(names[0], "running"),
    **dict.fromkeys(names[1], "queued"),
  }
  xpk(tmp_path, f"{first.key} 1 Finished\n{second.key} 0 Failed\n")
  assert gke.queued(launch) == {}
  xpk(tmp_path, "no such cluster", code=1)
  with pytest.raises(InputError, match="xpk workload list: no such cluster; 0"):
    gke.queued(launch)
