"""Keeps the English words complete: Vietnamese is the source, ``locale/en`` holds one sentence for each.

Without an option: takes up new sentences, drops those nobody says any more, and compiles. Babel does what Django's
``makemessages`` and ``compilemessages`` need the gettext programs for.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

PACKAGES = ("zalopolice", "tips", "procedures", "broadcasts")
SILENT = {"migrations", "simulator", "tests"}
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACES = re.compile(r"%\((\w+)\)[sd]")
KEPT = (b"Language:", b"Plural-Forms", b"MIME-Version", b"Content-")
VIETNAMESE = re.compile(r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)
TAGS = re.compile(
    r"{%\s*blocktrans\w*\b.*?{%\s*endblocktrans\w*\s*%}|{%\s*comment.*?endcomment\s*%}|{%.*?%}|{{.*?}}|{#.*?#}",
    re.DOTALL,
)
MARKED_IN_A_TAG = re.compile(r"""\b_\((?:"[^"]*"|'[^']*')\)""")
TERMINAL = {"management", "rotation.py", "verify.py"}
"""What whoever looks after the machines reads on the command line."""
NOT_SAID: dict[str, set[str]] = {
    # looked for in what people write
    "tips/danger.py": {"_MARKED", "_HARMLESS", "_FIGURE", "_PAST", "_SAME"},
    "broadcasts/checks.py": {"UPPER", "WORDS"},
    "procedures/fees.py": {"_USUAL"},
    "procedures/masking.py": {"_WHO"},
    "zalopolice/quiet.py": {"STOP"},
    "zalopolice/vietnamese.py": {"_SHORT"},
    # names
    "broadcasts/audience.py": {"_NAMES"},
    "zalopolice/settings.py": {"LANGUAGES", "SPECTACULAR_SETTINGS"},
    "zalopolice/units/devices.py": {"BROWSERS"},
    "zalopolice/gateway/training.py": {"NAME", "APP_NAME"},
    # said to citizens and to other programs, in Vietnamese whatever the reader of the page prefers
    "procedures/answers.py": {"_document"},
    "procedures/api.py": {
        "UnitShape",
        "ProcedureShape",
        "ProcedureDetail",
        "OfficeShape",
        "ContactShape",
        "WORDS",
        "Units",
        "OneUnit",
        "Procedures",
        "OneProcedure",
    },
    "zalopolice/interface.py": {"AFTER", "CODE"},
    # languages, each by its own name; answers people write into a sheet
    "procedures/languages.py": {"LANGUAGES"},
    "procedures/cells.py": {"READ"},
    # said by a command that imports
    "procedures/importing.py": {"carry_in"},
}
"""Vietnamese that no screen shows, by the name it stands under; any other is a sentence somebody reads."""
SHOWN = 40


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when a sentence lacks English")
        parser.add_argument("--compile", action="store_true", help="only make the .mo that Django reads")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "locale" / "en" / "LC_MESSAGES" / "django.po"
        known = read(path)
        if not options["compile"]:
            said = sentences(settings.BASE_DIR)
            if options["check"]:
                return self.refuse(unmarked(settings.BASE_DIR) + faults(known, said))
            known.update(said, no_fuzzy_matching=True)
            known.obsolete.clear()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(known))
        compile_to(path.with_suffix(".mo"), known)
        missing = sum(1 for message in known if message.id and not translated(message))
        self.stdout.write(f"{len(known)} câu, {missing} câu chưa có tiếng Anh.")

    def refuse(self, found: list[str]) -> None:
        if found:
            hidden = f"\n… and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            raise CommandError("\n".join(found[:SHOWN]) + hidden)
        self.stdout.write("Every sentence has its English.")


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="en", charset="utf-8", fuzzy=False, header_comment="# The screens in English.")
    with path.open("rb") as file:
        return pofile.read_po(file, locale="en")


def written(catalog: Catalog) -> bytes:
    """Without places in files and without dates: they would change with every commit."""
    catalog.fuzzy = False
    buffer = io.BytesIO()
    pofile.write_po(buffer, catalog, width=0, no_location=True, sort_output=True, omit_header=False)
    header, _, rest = buffer.getvalue().partition(b"\n\n")
    kept = [line for line in header.splitlines() if not line.startswith(b'"') or line[1:].startswith(KEPT)]
    return b"\n".join(kept) + b"\n\n" + rest


def compile_to(path: Path, catalog: Catalog) -> None:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{id(buffer)}")
    draft.write_bytes(buffer.getvalue())
    draft.replace(path)  # a process that starts meanwhile must not read half of it


def sentences(root: Path) -> Catalog:
    """What the screens say, from the code and the templates."""
    catalog = Catalog(locale="en", charset="utf-8")
    for text in sources(root):
        for _, said, comments, context in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
            catalog.add(said, context=context, auto_comments=comments)
    return catalog


def sources(root: Path) -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not SILENT & set(path.relative_to(root).parts):
                yield path.read_text(encoding="utf-8")
    for path in sorted((root / "templates").rglob("*.html")):
        # In brackets, so that the indentation of HTML is not read as that of Python.
        yield f"({templatize(path.read_text(encoding='utf-8'), origin=str(path))})"


def translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
    return bool(strings) and all(strings)


def faults(known: Catalog, said: Catalog) -> list[str]:
    found = []
    for message in said:
        if not message.id:
            continue
        english = known.get(message.id, message.context)
        if english is None or not translated(english):
            found.append(f"no English: {one(message.id)}")
        elif places(message.id) != places(english.string):
            found.append(f"other placeholders: {one(message.id)}")
    found += [f"nobody says: {one(old.id)}" for old in known if old.id and said.get(old.id, old.context) is None]
    return found


def unmarked(root: Path) -> list[str]:
    """Vietnamese on a screen that nobody could translate."""
    found = []
    for path in sorted((root / "templates").rglob("*.html")):
        found += [f"not marked: {path.name}: {text}" for text in bare_words(path.read_text(encoding="utf-8"))]
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            place = path.relative_to(root)
            if not (SILENT | TERMINAL) & set(place.parts):
                excused = NOT_SAID.get(place.as_posix(), set())
                found += [f"not marked: {place}: {text}" for text in bare_strings(path, excused)]
    return found


def bare_words(template: str) -> Iterator[str]:
    """Between the tags, and in the arguments of those that do not translate."""
    yield from (line.strip() for line in TAGS.sub(" ", template).splitlines() if VIETNAMESE.search(line))
    for tag in TAGS.findall(template):
        silent = tag.startswith("{#") or re.match(r"{%\s*(comment|trans|blocktrans)", tag)
        if not silent and VIETNAMESE.search(MARKED_IN_A_TAG.sub("", tag)):
            yield tag


def bare_strings(path: Path, excused: Collection[str] = ()) -> Iterator[str]:
    """``excused``: names at the top of the file whose strings are not for a screen."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    marked: set[int] = set()
    quiet = [node for node in tree.body if named(node) & set(excused)]
    for node in ast.walk(tree):
        if node in quiet or (isinstance(node, ast.Call) and is_marking(node.func)):
            marked |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            marked.add(id(node.value))  # a docstring
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in marked else None
        if isinstance(text, str) and VIETNAMESE.search(text) and len(text.strip()) > 1:
            yield text


def is_marking(call: ast.expr) -> bool:
    """Takes a sentence to translate, or a pattern, which nobody reads."""
    if isinstance(call, ast.Attribute):
        return isinstance(call.value, ast.Name) and call.value.id == "re"
    return getattr(call, "id", "") in {"_", *KEYWORDS}


def named(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return names | ({node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set())


def one(text: object) -> str:
    return str(text[0] if isinstance(text, list | tuple) else text)


def places(text: Any) -> set[str]:
    return {name for one in (text if isinstance(text, list | tuple) else [text]) for name in PLACES.findall(one)}
