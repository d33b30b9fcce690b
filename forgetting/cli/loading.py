"""A study file as the command line loads it: what the hub has is fetched."""

from forgetting.cli.options import OwnText
from forgetting.config import Study
from forgetting.config.pretrained import NotFetched
from forgetting.config.study_file import load_study


def loaded(config: str, text: OwnText) -> Study:
  """The study of a file, with the text and the models that a user named.

  Settings of public checkpoints are fetched, their weights are not.

  Args:
    config: a study file.
    text: in place of the config's.

  Raises:
    InputError: as `load_study`, or a checkpoint that cannot be had.
  """
  while True:
    try:
      return load_study(
        config,
        domains=text.domain,
        pretraining=text.pretraining,
        models=text.model,
        arguments=text.set,
      )
    except NotFetched as missing:
      from forgetting.data import hub

      hub.fetch(missing.parent, weights=False)
