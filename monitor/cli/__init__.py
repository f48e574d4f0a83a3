"""The command `fdi-monitor`: its table of commands, and how each ends.

A command's module is imported when it is called, so that `--help` costs nothing. Exit codes: 0 good, 1 found trouble,
2 wrong use, 130 stopped from the keyboard.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import click

import monitor
from monitor.errors import MonitorError, PolicyError, UsageError
from monitor.redaction import redact

PROGRAM = "fdi-monitor"
GOOD, TROUBLE, WRONG_USE, STOPPED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, with the first sentence of its help."""

    module: str
    attribute: str
    help: str

    def load(self) -> click.Command:
        """Imports the command."""
        command: click.Command = getattr(importlib.import_module(self.module), self.attribute)
        return command


def _entry(name: str, help_text: str) -> tuple[str, Entry]:
    room = name.replace("-", "_")
    return name, Entry(f"{__name__}.{room}", room, help_text)


COMMANDS = dict(
    (
        _entry("ack", "Says that somebody cares for an alert, so that it is not repeated."),
        _entry("alerts", "Shows what fires and waits, and what keeps it quiet."),
        _entry("backtest", "Replays the stored history through the rules in DIR, and suggests better timers."),
        _entry("check", "Checks the whole policy in DIR and shows every fault at its place."),
        _entry("config", "Shows the settings in effect and where each comes from."),
        _entry("demo", "Shows everything at work on a simulated cloud."),
        _entry("doctor", "Examines each account: reachable, accepted, permitted, within its quota."),
        _entry("drill", "Sends a drill through the running service, and says how long each step took."),
        _entry("explain", "Says why people heard of an alert, or why there was no message."),
        _entry("hash-password", "Prints the hash of a password, for FDI_MONITOR_WEB__USERS."),
        _entry("notify", "Sends one test message to a receiver, and says what became of it."),
        _entry("outbox", "Lists messages, tries them again, drops them."),
        _entry("plan", "Shows what applying the rules in DIR would change, now and over the last seven days."),
        _entry("poll", "Polls once now and shows the counts, and which rules they breach."),
        _entry("record", "Writes a stretch of an instance's history as a test of the rules."),
        _entry("run", "Runs the service."),
        _entry("schema", "Prints the JSON Schema of a policy file."),
        _entry("silence", "Makes, lists and ends silences."),
        _entry("simulate", "Runs the simulated cloud alone, until Ctrl-C or SIGTERM."),
        _entry("status", "Shows how the running service stands."),
        _entry("store", "Backs up what the service keeps, or moves it to another database."),
        _entry("test", "Plays the tests written beside the rules, in virtual time."),
    )
)


class Commands(click.Group):
    """A group that knows its commands by the table and imports one only to run it."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names in the table."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        entry = COMMANDS.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, as `--help` shows it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or says which one was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.NoSuchCommand(name, possibilities=list(COMMANDS), ctx=ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(monitor.__version__, prog_name=PROGRAM)
def cli() -> None:
    """Watches Huawei Cloud FDI tasks and tells people when they break, and when they are well again.

    \b
    Example:
      fdi-monitor demo
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line `arguments`, by default the process's own, and gives the exit code."""
    sys.excepthook = _crashed
    try:
        code = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        return _say("stopped", STOPPED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PolicyError as error:
        # places come first on their lines, where editors look for them
        click.echo(redact(str(error)), err=True)
        return TROUBLE
    except UsageError as error:
        return _say(str(error), WRONG_USE)
    except MonitorError as error:
        return _say(str(error), TROUBLE)
    except BrokenPipeError:
        return _unheard()
    return code if isinstance(code, int) else GOOD


def _say(text: str, code: int) -> int:
    for line in redact(text).splitlines():
        click.echo(f"{PROGRAM}: {line}", err=True)
    return code


def _unheard() -> int:
    """The reader of our output is gone: nothing is left to say, not even at the interpreter's own last flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return TROUBLE


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A bug: its traceback, without secrets."""
    click.echo(redact("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)
