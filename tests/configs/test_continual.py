"""Task after task: every chain starts from what is there."""

import pathlib

from forgetting.config.study_file import load_study

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_every_domain_is_learnt_once_in_a_chain():
  study = load_study(str(CONFIGS / "continual.py"))
  chains = [(*run.after, run.domain) for run in study.runs]
  assert len(chains) == 6 + 3 * 5 + 4 == len(set(chains))
  assert all(len(set(chain)) == len(chain) for chain in chains)
  assert len(study.ordered()) == 1 + 25  # parents are runs of the study
  assert len(study.continued) == 4
