"""Chat templates as jinja2 reads them: imported where one is read."""

from __future__ import annotations

from collections.abc import Callable
import datetime
import json

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from forgetting.config import InputError

_BEGIN, _END = "\x05", "\x06"


class _Generation(Extension):
  """`{% generation %}`: what an assistant says; it is put between marks."""

  tags = {"generation"}  # noqa: RUF012

  def parse(self, parser):
    line = next(parser.stream).lineno
    body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
    call = self.call_method("_mark")
    return nodes.CallBlock(call, [], [], body).set_lineno(line)

  def _mark(self, caller: Callable[[], str]) -> str:
    return f"{_BEGIN}{caller()}{_END}"


def compiled(source: str, where: str) -> Callable[..., str | None]:
  """A template as a function of its variables; None for what it refuses.

  Args:
    source: the template.
    where: what errors call it.

  Raises:
    InputError: it is no template.
  """

  def refuse(message: str):
    raise TemplateError(message)

  def dumped(value, indent=None, **_) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)

  environment = ImmutableSandboxedEnvironment(
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=[_Generation, "jinja2.ext.loopcontrols"],
  )
  environment.filters["tojson"] = dumped
  environment.globals["raise_exception"] = refuse
  # a template that writes today's date would make other text every day
  environment.globals["strftime_now"] = datetime.datetime(2024, 7, 26).strftime
  try:
    template = environment.from_string(source)
  except TemplateSyntaxError as error:
    raise InputError(
      f"{where}: {error.message}, line {error.lineno}"
    ) from error

  def fill(**variables) -> str | None:
    try:
      return template.render(**variables)
    except (TemplateError, TypeError, KeyError, ValueError):
      return None

  return fill
