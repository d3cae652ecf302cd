"""The commands, a module each, and the parser that they share.

A module has `add(parser)` for its arguments and `run(args)` for its work, which returns an exit code; its name in
`COMMANDS`, with `-` for `_`, is what a person types. `perform` turns a LabError into one line on stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from state.errors import LabError
from state.vocabulary import Language
from tui import language
from tui.language import tr

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS = (
    *("demo", "new", "run", "pause", "resume", "stop", "checkpoint", "fork", "status", "note"),
    *("approve", "send_back", "go_back", "pick", "answer", "set", "key"),
    *("log", "export", "review", "doctor", "completion"),
)

ANYWHERE = ("completion", "key")
"""Commands that no folder matters to."""

USAGE = 2


class Help(argparse.HelpFormatter):
    """argparse's, with lines as long as they look: a Chinese character takes two cells, and no name is broken."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        from tui.text import wrap

        return wrap(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """argparse, with its own few words said in the person's language."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")

    def format_help(self) -> str:
        """With the colon after a heading that the language has."""
        told = super().format_help()
        for heading in ("argparse.options", "argparse.positional", "cli.commands.title"):
            told = told.replace(f"\n{tr(heading)}:\n", f"\n{tr('argparse.heading', heading=tr(heading))}\n")
        return told

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own passes over what it cannot print


def parser(words: Sequence[str] | None = None) -> Parser:
    """The parser, with texts from the catalogs: every command with its arguments, or (`words`) of the one meant only,
    because a command's module imports what it works with."""
    top = Parser(prog="nightlab", description=tr("cli.description"), add_help=False, formatter_class=Help)
    _common(top)
    top.add_argument("-C", dest="folder", type=Path, default=Path(), metavar="DIR", help=tr("cli.option.folder"))
    top.add_argument("--lang", choices=[lang.value for lang in Language], help=tr("cli.option.lang"))
    top.add_argument("--version", action="store_true", help=tr("cli.option.version"))
    commands = top.add_subparsers(dest="command", metavar=tr("cli.commands.metavar"), title=tr("cli.commands.title"))
    for name in COMMANDS:
        text = tr(f"cli.{name}.help")
        called = name.replace("_", "-")
        below = commands.add_parser(called, help=text, description=text, add_help=False, formatter_class=Help)
        _common(below)
        if words is None or called in words:
            import_module(f"tui.commands.{name}").add(below)
    return top


def perform(words: Sequence[str]) -> int:
    """Parse and do; without a command, open the lab."""
    language.use(_language(words))
    _speak_argparse()
    try:
        args = parser(words).parse_args(words)
    except SystemExit as over:  # argparse has said what it had to
        return over.code if isinstance(over.code, int) else 0
    if args.version:
        from importlib.metadata import version

        print(version("nightlab"))
        return 0
    name = (args.command or "open_lab").replace("-", "_")
    if args.lang and name in ("open_lab", "demo", "new") and sys.stdout.isatty():
        from tui import drafts

        drafts.choose("language", args.lang)  # the screens go on in it, and next time too
    command = import_module(f"tui.commands.{name}").run
    try:
        if name not in ANYWHERE:
            _refuse_no_folder(args.folder)
        try:
            return int(command(args))
        except LabError as error:
            if error.key != "place.ask_local" or not _takes_the_offer(error):
                raise
            return int(command(args))
    except LabError as error:
        return _refuse(error, args.folder)
    except BrokenPipeError:
        raise
    except OSError as error:
        return refused_by_the_system(error, args.folder)


def _refuse_no_folder(folder: Path) -> None:
    """A mistyped `-C` would mean the project above it, and a shell may stand where there is nothing any more."""
    try:
        there = folder.absolute().is_dir()
    except FileNotFoundError:
        there = False
    if not there:
        raise LabError("place.no_folder", folder=str(folder) if folder != Path() else os.environ.get("PWD", "."))


def refused_by_the_system(error: OSError, folder: Path | None = None) -> int:
    """A full disk, a missing right: the system's own words say which."""
    why = f"{error.strerror or _first(error)}: {error.filename or ''}".rstrip(": ")
    return _refuse(LabError("system.refused", why=why), folder or Path())


def _first(error: OSError) -> str:
    """What shutil.copytree gathers of a whole folder, by its first file."""
    told = error.args[0] if error.args else ""
    return str(told[0][-1]) if isinstance(told, list) and told else str(told)


def _refuse(error: LabError, folder: Path) -> int:
    """One line on stderr; where the work itself failed the engine's log is named too."""
    from state import places
    from tui.told import refusal

    text, code = refusal(error), code_of(error)
    try:
        project = places.find(folder)
    except OSError:  # the current folder is gone
        project = None
    print(f"nightlab: {text}", file=sys.stderr)
    log = places.Places(project, project).log if project is not None and code != USAGE else None
    if log is not None and log.exists() and str(log) not in text:
        print(f"  {log}", file=sys.stderr)
    return code


def code_of(error: LabError) -> int:
    """5 where the store is damaged; anything else that stops a command is the person's to mend: 2."""
    return 5 if error.key.startswith(("store.damaged", "place.database_gone", "engine.")) else USAGE


def decided(folder: Path, run: int, said: str) -> int:
    """What a command says that decided something, and that it holds later where the run was stopped; its exit code."""
    from tui import here

    print(said)
    with suppress(LabError):  # the word is left, whoever holds the database
        if here.is_stopped(folder, run):
            print(tr("cli.stopped", run=run), file=sys.stderr)
    return 0


def _takes_the_offer(error: LabError) -> bool:
    """Asks, once for a project, whether its database may lie in the folder of last resort; `where.json` remembers."""
    from state import places
    from tui import here

    if here.no_terminal():
        return False
    folder, kind, offer = (str(error.facts[name]) for name in ("folder", "kind", "offer"))
    try:
        answer = input(f"{tr('place.ask', folder=folder, kind=kind, offer=offer)} ").strip().lower()
    except EOFError:
        return False
    if answer not in ("y", "yes", "是"):
        return False
    places.settle(Path(folder), Path(offer))
    return True


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-h", "--help", action="help", help=tr("cli.option.help"))


def _language(words: Sequence[str]) -> Language:
    """`--lang` if it stands there, else what the person chose in the lab, else the environment's."""
    for at, word in enumerate(words):
        named = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and at + 1 < len(words):
            named = words[at + 1]
        if named in (Language.EN, Language.ZH):
            return Language(named)
    from tui import drafts

    chosen = drafts.interface().get("language")
    return Language(chosen) if chosen in (Language.EN, Language.ZH) else language.of_environment()


def _speak_argparse() -> None:
    """argparse looks its words up by `_`; ours are in the catalogs under `argparse.` and the first letters."""
    said = {
        "usage: ": "argparse.usage",
        "options": "argparse.options",
        "positional arguments": "argparse.positional",
        "unrecognized arguments: %s": "argparse.unrecognized",
        "the following arguments are required: %s": "argparse.required",
        "expected one argument": "argparse.one",
        "ignored explicit argument %r": "argparse.no_value",
        "ambiguous option: %(option)s could match %(matches)s": "argparse.ambiguous",
        "argument %(argument_name)s: %(message)s": "argparse.argument",
        "invalid choice: %(value)r (choose from %(choices)s)": "argparse.choice",
        "invalid %(type)s value: %(value)r": "argparse.type",
        "not allowed with argument %s": "argparse.together",
        "one of the arguments %s is required": "argparse.one_of",
    }
    setattr(argparse, "_", lambda text: tr(said[text]) if text in said else text)  # noqa: B010  mypy knows no `_` there
