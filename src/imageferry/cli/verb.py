"""A verb of the command: a click command with examples, and its help in sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from imageferry.cli.options import COMMON_OPTIONS


class Verb(click.Command):
    """A command that shows examples, and the common options apart from its own.

    Attributes:
        examples: Command lines that show what it is for.
    """

    def __init__(self, *arguments: Any, examples: Sequence[str], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.examples = tuple(examples)

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the help that follow the text."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        own, common = self.options(context)
        self._section(context, formatter, "Options", own)
        if common:
            self._section(context, formatter, "Common options", common)

    def options(self, context: click.Context) -> tuple[list[click.Option], list[click.Option]]:
        """The options of its own, and those that it shares with other verbs."""
        shown = [
            option
            for option in self.get_params(context)
            if isinstance(option, click.Option) and not option.hidden
        ]
        common = [option for option in shown if option.name in COMMON_OPTIONS]
        return [option for option in shown if option not in common], common

    def _section(
        self,
        context: click.Context,
        formatter: click.HelpFormatter,
        title: str,
        options: Iterable[click.Option],
    ) -> None:
        records = [option.get_help_record(context) for option in options]
        with formatter.section(title):
            formatter.write_dl([record for record in records if record is not None])
