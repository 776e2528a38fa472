"""English beside Vietnamese: the check must see what is missing, whoever forgot it."""

from __future__ import annotations

from pathlib import Path

from zalopolice.management.commands import translations


def project(root: Path, template: str = "", view: str = "") -> Path:
    (root / "templates").mkdir()
    (root / "templates" / "page.html").write_text("{% load i18n %}\n" + template, encoding="utf-8")
    (root / "tips").mkdir()
    (root / "tips" / "views.py").write_text(view, encoding="utf-8")
    return root


def english(root: Path, **words: str) -> list[str]:
    catalog = translations.Catalog(locale="en")
    for vietnamese, said in words.items():
        catalog.add(vietnamese.replace("_", " "), said)
    return translations.faults(catalog, translations.sentences(root))


def test_a_sentence_without_english_is_named(tmp_path):
    root = project(tmp_path, '{% translate "Hộp tin" %}', "from x import gettext as _\nname = _('Vụ việc')\n")

    assert english(root, Hộp_tin="Tray") == ["no English: Vụ việc"]
    assert english(root, Hộp_tin="Tray", Vụ_việc="Cases") == []


def test_english_nobody_says_any_more_is_named(tmp_path):
    assert english(project(tmp_path), Hộp_tin="Tray") == ["nobody says: Hộp tin"]


def test_a_lost_placeholder_is_named(tmp_path):
    root = project(tmp_path, "{% blocktranslate %}{{ n }} tin{% endblocktranslate %}")
    catalog = translations.Catalog(locale="en")
    catalog.add("%(n)s tin", "messages")

    assert translations.faults(catalog, translations.sentences(root)) == ["other placeholders: %(n)s tin"]


def test_a_plural_needs_both_forms(tmp_path):
    block = "{% blocktranslate count n=rows %}{{ n }} tin{% plural %}{{ n }} tin{% endblocktranslate %}"
    root = project(tmp_path, block)
    catalog = translations.Catalog(locale="en")
    catalog.add(("%(n)s tin", "%(n)s tin"), ("%(n)s message", ""))

    assert translations.faults(catalog, translations.sentences(root)) == ["no English: %(n)s tin"]


def test_words_nobody_could_translate_are_named(tmp_path):
    root = project(tmp_path, "<p>Chưa có lời nào</p>{# chú thích #}", '"""Trang đầu."""\nraise Refused("Hãy chọn")\n')

    assert translations.unmarked(root) == [
        "not marked: page.html: <p>Chưa có lời nào</p>",
        "not marked: tips/views.py: Hãy chọn",
    ]


def test_every_module_is_heard_whatever_its_name(tmp_path):
    (tmp_path / "tips" / "deep").mkdir(parents=True)
    (tmp_path / "tips" / "deep" / "waiting.py").write_text('said = f"Còn {1} tin"\n', encoding="utf-8")
    (tmp_path / "templates").mkdir()

    assert len(translations.unmarked(tmp_path)) == 1


def test_patterns_single_letters_and_marked_words_are_left_alone(tmp_path):
    code = (
        'import re\nfrom x import gettext_noop\nDATE = re.compile("từ ngày")\nplain = "a".replace("đ", "d")\n'
        'kept = gettext_noop("Đã gửi")\n'
    )

    assert translations.unmarked(project(tmp_path, view=code)) == []


def test_words_in_the_arguments_of_a_tag_are_named(tmp_path):
    argument = '{% include "x.html" with label="Xem thêm" %}'
    marked = '{{ name|default:_("Chưa rõ") }}{% translate "Hộp tin" as label %}{# ghi chú #}'

    assert translations.unmarked(project(tmp_path, marked + argument)) == [f"not marked: page.html: {argument}"]


def test_an_excuse_covers_one_name_of_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(translations, "NOT_SAID", {"tips/views.py": {"WORDS"}})
    project(tmp_path, view='WORDS = {"kẻ gian": "người lạ"}\nTITLE = "Hộp tin"\n')

    assert translations.unmarked(tmp_path) == ["not marked: tips/views.py: Hộp tin"]


def test_no_excuse_outlives_what_it_excused(settings):
    for place, names in translations.NOT_SAID.items():
        path = settings.BASE_DIR / place
        heard = {name: list(translations.bare_strings(path, names - {name})) for name in names}
        assert all(heard.values()), f"{place}: {[name for name, texts in heard.items() if not texts]} excuse nothing"


def test_what_is_written_can_be_read_again(tmp_path):
    catalog = translations.Catalog(locale="en")
    catalog.add("Một câu\nhai dòng", "One sentence\ntwo lines")
    path = tmp_path / "django.po"
    path.write_bytes(translations.written(catalog))

    assert translations.read(path).get("Một câu\nhai dòng").string == "One sentence\ntwo lines"
    assert b"Creation-Date" not in path.read_bytes()
