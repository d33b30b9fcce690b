"""The verb about this machine: doctor."""

from forgetting.cli.answers import tell
from forgetting.cli.options import Json


def doctor(*, json: Json = None) -> int:
  """Tell what is here and what is missing, and what would mend it.

  Versions, devices, cache and disk, extras and engines. The exit code is 1
  when something stands in the way of every use.

  Example: forgetting doctor
  """
  from forgetting.doctor import checkup, words

  found = checkup.examine()
  tell(words.tell(found), found.as_dict(), json=json)
  return 1 if found.problems else 0
