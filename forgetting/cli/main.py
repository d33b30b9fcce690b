"""The command `forgetting`: each verb imports only what it needs."""

import codecs
import contextlib
import locale
import os
import sys

from forgetting.cli import analysis, needs
from forgetting.cli.advise import advise
from forgetting.cli.app import Verbs
from forgetting.cli.check import check
from forgetting.cli.data import data
from forgetting.cli.doctor import doctor
from forgetting.cli.export_model import export_model
from forgetting.cli.first_steps import first_steps
from forgetting.cli.imported import import_
from forgetting.cli.quiet import say, silence, tell_warnings
from forgetting.cli.remedies import remedies
from forgetting.cli.report import export, report
from forgetting.cli.run import run
from forgetting.cli.sample import sample
from forgetting.cli.sources import sources
from forgetting.cli.study import study
from forgetting.config import InputError

ABOUT = (
  "Measure, predict and prevent what a language model forgets when it is"
  " fine-tuned. Alone it tells what to type next in this folder. With --quiet a"
  " verb prints errors only; --version tells the version,"
  " --tyro-print-completion bash (zsh, tcsh) a completion script."
)
GROUPS = {
  "do runs": (doctor, data, study, run),
  "read what they say": (
    report,
    analysis.fit,
    analysis.predict,
    analysis.associate,
    remedies,
    sources,
  ),
  "decide": (advise, analysis.plan, check),
  "bring and take": (import_, export, export_model, sample),
}

app = Verbs(GROUPS)


def in_utf_8() -> None:
  """Begins anew in UTF-8 where the locale knows ASCII alone.

  Paths and text of other letters could neither be opened nor printed; what is
  begun from here inherits it.
  """
  if sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name != "ascii":
    return
  own = [sys.executable, "-X", "utf8", "-m", "forgetting"]
  os.execve(
    sys.executable, own + sys.argv[1:], os.environ | {"PYTHONUTF8": "1"}
  )


def main() -> None:
  """Entry point: bad input is one line and exit status 2."""
  in_utf_8()
  arguments = [part for part in sys.argv[1:] if part != "--quiet"]
  if arguments == ["--version"]:
    from importlib.metadata import version

    print(version("forgetting"))
    return
  quiet = len(arguments) < len(sys.argv[1:])
  tell_warnings()
  if not arguments:
    print(first_steps([*app.verbs]))
    return
  try:
    todo = app.parse(arguments, description=ABOUT)
    with silence() if quiet else contextlib.nullcontext():
      code = todo()
    sys.exit(code)
  except InputError as error:
    say(str(error))
    sys.exit(2)
  except ModuleNotFoundError as error:
    line = needs.line(error)
    if line is None:
      raise
    say(line)
    sys.exit(2)
  except KeyboardInterrupt:
    say("stopped; what is done is kept")
    sys.exit(130)
  except BrokenPipeError:
    # as of `| head`; at exit Python would write what is left, and fail again
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)
