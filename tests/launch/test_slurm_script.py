"""The script of an array: what a profile makes of it."""

import dataclasses
import shlex

from forgetting.launch import slurm


def test_a_profile_is_in_the_script(slurm_launch):
  profile = dict(
    partition="gpu", account="me", qos="long", time="8:00:00", nodes=2,
    gpus=4, cpus=8, memory="64G", container="/images/jax 1.sqsh",
    setup=["module load cuda"], options=["--constraint=a100"], at_once=3,
  )  # fmt: skip
  # replays are one process's
  todo = tuple(run for run in slurm_launch.todo if run.replay is None)
  script = next(
    iter(
      slurm.render(
        dataclasses.replace(slurm_launch, profile=profile, todo=todo)
      ).values()
    )
  )
  for line in (
    "#SBATCH --partition=gpu", "#SBATCH --account=me", "#SBATCH --qos=long",
    "#SBATCH --time=8:00:00", "#SBATCH --nodes=2", "#SBATCH --mem=64G",
    "#SBATCH --ntasks-per-node=4", "#SBATCH --gpus-per-node=4",
    "#SBATCH --cpus-per-task=8", "#SBATCH --constraint=a100",
    "#SBATCH --array=0-1%3", "module load cuda",
  ):  # fmt: skip
    assert f"\n{line}\n" in script, line
  (srun,) = (line for line in script.splitlines() if line.startswith("srun"))
  words = shlex.split(srun)
  assert "--container-image=/images/jax 1.sqsh" in words
  assert words[-7:-4] == ["forgetting", "run", words[-5]]
  assert words[-4:-2] == ["--name", "$name"]
