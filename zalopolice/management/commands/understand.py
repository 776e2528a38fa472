"""Reads a file of questions (tab-separated: text, label, style, dialogue) as the bot would, a decision a line, and with
labels how right it was. "dialogue" is what the bot had asked or given before: "procedure_about:dang-ky-tam-tru". Needs
no database: the entries are those of procedures/data/procedures.json."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zalopolice import judging
from zalopolice.judging import ASKED, RIGHT, Judgement


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON object a line, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is no file.")
        try:
            rows = judging.questions(path)
        except ValueError as error:
            raise CommandError(f"{path} {error}.") from None
        if not rows or "text" not in rows[0]:
            raise CommandError("The first line must name the columns; one of them is text.")
        try:
            found = judging.judge(rows, judging.catalogue())
        except ValueError as error:
            raise CommandError(f"{path} {error}.") from None
        if options["json"]:
            for line in found.lines:
                self.stdout.write(json.dumps(line.as_json(), ensure_ascii=False))
            return
        for line in found.lines:
            said = line.as_json()
            wrong = f"  ({line.verdict}, {line.label})" if line.label and line.verdict != RIGHT else ""
            near = ",".join(said["candidates"])
            self.stdout.write(f"{said['label']}\t{said['action']}\t{near}\t{line.read.rule}\t{line.text}{wrong}")
        if any(line.label for line in found.lines):
            self._tables(Judgement([line for line in found.lines if line.label]))

    def _tables(self, found: Judgement) -> None:
        for name in ("style", "label"):
            self.stdout.write(f"\nBy {name}:")
            for key, counts in found.by(name).items():
                self.stdout.write(f"  {key:44} {_counts(counts)}")
        self.stdout.write("\nNot right, label -> said:")
        for (label, said), number in found.confusion().most_common():
            self.stdout.write(f"  {label} -> {said}: {number}")
        self.stdout.write(f"\nAll: {_counts(found.total())}")
        for name, value in found.figures().items():
            self.stdout.write(f"{NAMES[name]}: {value:.1%}")


NAMES = {
    "first": "Right label, first choice",
    "first_or_asked": "Right, or asked back with the right one among four",
    "wrong_card": "Wrong procedure answered",
    "emergencies_found": "Emergencies found",
    "false_alarms": "False alarms, of the rest",
    "tips_as_procedure": "Tips answered as a procedure",
}


def _counts(counts: Counter[str]) -> str:
    number = counts.total()
    useful = counts[RIGHT] + counts[ASKED]
    said = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{said}; right {counts[RIGHT] / number:.0%}, right or asked back {useful / number:.0%} of {number}"
