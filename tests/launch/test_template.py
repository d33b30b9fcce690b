"""Templates: holes that are filled, and those that nothing fills."""

import dataclasses

import pytest

from forgetting.config import InputError
from forgetting.launch import slurm, template


def test_a_template_of_ones_own(slurm_launch, tmp_path):
  mine = tmp_path / "mine.sbatch"
  mine.write_text(
    "#SBATCH --array={{array}}\n#SBATCH --qos={{qos}}\n{{worker}}"
  )
  own = dataclasses.replace(slurm_launch, profile={"template": str(mine)})
  script = next(iter(slurm.render(own).values()))
  assert script.startswith("#SBATCH --array=0-1\n") and "qos" not in script
  with pytest.raises(InputError, match="found {{arary}}, expected some of a"):
    template.fill("{{arary}}", {"a": "1"}, where="mine")
