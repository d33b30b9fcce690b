"""What SkyPilot and xpk themselves make of what a launch would submit.

Each is in an environment of its own, which `make engines` makes.
"""

import base64
import dataclasses
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest

from forgetting.config import Study
from forgetting.launch import gke, pods, skypilot
from forgetting.launch.jobs import Launch

HERE = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.engines

PARSE = """
import json, sys
import sky, yaml
task = sky.Task.from_yaml_config(yaml.safe_load(sys.stdin))
resources, = task.resources
print(json.dumps(dict(
  name=task.name,
  setup=task.setup,
  run=task.run,
  accelerators=resources.accelerators,
  arguments=resources.accelerator_args,
  region=resources.region,
  spot=resources.use_spot,
  recovery=resources.job_recovery,
)))
"""


def program(*parts: str) -> str:
  found = HERE.joinpath(*parts)
  if not found.exists():
    pytest.skip(f"needs {'/'.join(parts)}: make engines")
  return str(found)


@pytest.fixture
def launch(finetuning) -> Launch:
  study = Study(name="toy", runs=(finetuning,))
  return Launch(
    study_file="toy.py",
    study=study,
    root="gs://my-bucket/runs",
    todo=study.ordered(),
  )


def test_skypilot_parses_the_job(launch, tmp_path):

  python = program(".venv-skypilot", "bin", "python")
  profile = {"accelerator": "v5litepod-16", "infra": "gcp/us-central1"}
  launch = dataclasses.replace(launch, profile=profile)
  (group,) = pods.groups(launch)
  text = skypilot.render(launch)[f"{group.key}.yaml"]
  environment = os.environ | {
    "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
    "HOME": str(tmp_path),
  }
  parsed = subprocess.run(
    [python, "-c", PARSE],
    input=text,
    cwd=HERE,
    env=environment,
    capture_output=True,
    text=True,
    check=False,
  )
  assert parsed.returncode == 0, parsed.stderr
  found = json.loads(parsed.stdout.splitlines()[-1])
  assert found["name"] == group.key
  assert found["accelerators"] == {"tpu-v5litepod-16": 1}
  assert found["arguments"]["runtime_version"] == "v2-alpha-tpuv5-lite"
  assert found["arguments"]["gcp_queued_resource"] is True
  assert found["region"] == "us-central1" and found["spot"] is True
  assert found["recovery"]["recover_on_exit_codes"] == [75]
  script = pods.script(
    launch, group, hosts="4", job=None, program=skypilot.PROGRAM
  )
  assert found["run"].strip() == script.strip()
  assert "'.[tpu,gcs]'" in found["setup"]
  bad = text.replace("use_spot", "use_sport")
  refused = subprocess.run(
    [python, "-c", PARSE], input=bad, cwd=HERE, env=environment, text=True,
    capture_output=True, check=False,
  )  # fmt: skip
  assert refused.returncode != 0


def test_xpk_renders_the_workload(launch, tmp_path):
  xpk = program(".venv-gke", "bin", "xpk")
  profile = {
    "accelerator": "v5litepod-16",
    "cluster": "tpus",
    "project": "mine",
    "zone": "us-central1-a",
    "image": "gcr.io/mine/forgetting",
  }
  launch = dataclasses.replace(launch, profile=profile)
  (group,) = pods.groups(launch)
  files = gke.render(launch)
  _, *arguments = shlex.split(files["submit.sh"])
  manifest = tmp_path / "manifest.yaml"
  done = subprocess.run(
    [
      *(xpk, *arguments, "--dry-run", "--skip-validation"),
      *("--output-manifest-file", str(manifest)),
    ],
    cwd=tmp_path,
    env=os.environ | {"HOME": str(tmp_path)},
    stdin=subprocess.DEVNULL,
    capture_output=True,
    text=True,
    check=False,
  )
  assert done.returncode == 0, done.stdout + done.stderr
  text = manifest.read_text()
  for line in (
    f"name: {group.key}",
    "kueue.x-k8s.io/queue-name: multislice-queue",
    "maxRestarts: 20",
    "parallelism: 4",
    "cloud.google.com/gke-tpu-topology: 4x4",
    "image: gcr.io/mine/forgetting",
    "terminationGracePeriodSeconds: 120",
  ):
    assert line in text
  codes = re.search(r"operator: NotIn\s+values: \[([\d,]+)\]", text)[1]
  assert {"75"} <= {*codes.split(",")} and "1" not in codes.split(",")
  assert _is_yaml(xpk, manifest)
  packed = re.search(r"echo (\S+) \| base64 -d", text)[1]
  assert base64.b64decode(packed).decode() == files[f"{group.key}.sh"]


def _is_yaml(xpk: str, manifest: pathlib.Path) -> bool:
  python = pathlib.Path(xpk).with_name("python")
  code = "import sys, yaml; assert yaml.safe_load(open(sys.argv[1]))['spec']"
  done = subprocess.run([python, "-c", code, str(manifest)], check=False)
  return done.returncode == 0
