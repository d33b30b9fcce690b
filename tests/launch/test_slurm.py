"""Arrays and scripts for SLURM, without one."""

import dataclasses
import re
import subprocess

import pytest

from forgetting.config import InputError
from forgetting.launch import slurm


def test_what_would_be_submitted(slurm_launch):
  files = slurm.render(slurm_launch)
  scripts = [text for name, text in files.items() if name.endswith(".sbatch")]
  names = [text for name, text in files.items() if name.endswith(".names")]
  assert sorted("".join(names).split()) == sorted(
    r.name for r in slurm_launch.todo
  )
  for script in scripts:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "{{" not in script
    assert "--partition" not in script and "--gpus" not in script
    assert "#SBATCH --signal=TERM@120" in script
  lines = files["submit.sh"].splitlines()
  assert len(lines) == len(scripts)
  first = re.match(r"(\w+)=", lines[0])[1]
  assert f"--dependency=afterok:${{{first}}}_0" in files["submit.sh"]
  assert "--kill-on-invalid-dep=yes" in lines[1]


def test_without_slurm_nothing_is_submitted(slurm_launch):
  with pytest.raises(InputError, match="found no sbatch, squeue, scontrol"):
    slurm.check(slurm_launch)
  with pytest.raises(InputError, match="expected a folder that all nodes see"):
    slurm.check(dataclasses.replace(slurm_launch, root="gs://bucket"))
