import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.tsv"
    path.write_text(
        "text\tlabel\tstyle\nlàm hộ chiếu\tcap-ho-chieu-pho-thong\taccented\ncháy nhà ở đây\temergency\tx\n"
    )
    return str(path)


def test_a_decision_a_line_and_the_figures(questions):
    out = StringIO()

    call_command("understand", questions, stdout=out)

    assert out.getvalue().startswith("cap-ho-chieu-pho-thong\t")
    assert "Tips answered as a procedure: 0.0%" in out.getvalue()
    assert "Emergencies found: 100.0%" in out.getvalue()


def test_as_json(questions):
    out = StringIO()

    call_command("understand", questions, "--json", stdout=out)

    passport, fire = map(json.loads, out.getvalue().splitlines())
    assert list(passport) == ["text", "label", "action", "candidates", "score", "rule"]
    assert (passport["label"], passport["action"]) == ("cap-ho-chieu-pho-thong", "answer")
    assert (fire["text"], fire["label"], fire["action"]) == ("cháy nhà ở đây", "emergency", "emergency")
    assert all(1 <= len(row["candidates"]) <= 4 and row["candidates"][0] == row["label"] for row in (passport, fire))


def test_an_open_dialogue_is_a_column(tmp_path):
    path, out = tmp_path / "questions.tsv", StringIO()
    card = "procedure_about:dang-ky-tam-tru:full,forms,officer"
    rows = [
        ("còn lệ phí?", card), ("2", card), ("ba em không đồng ý thì sao", card), ("gặp cán bộ", card),
        ("làm hộ chiếu", card), ("cháy nhà ở đây", card), ("đêm qua nhà tôi bị trộm mất xe máy", card),
        ("2", "procedure_choosing:dang-ky-tam-tru,cap-ho-chieu-pho-thong"), ("1", "tip_or_question"), ("1", ""),
    ]  # fmt: skip
    path.write_text("text\tdialogue\n" + "".join(f"{text}\t{dialogue}\n" for text, dialogue in rows))

    call_command("understand", str(path), "--json", stdout=out)

    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(row["label"], row["action"]) for row in found] == [
        ("dang-ky-tam-tru", "dialogue"), ("dang-ky-tam-tru", "dialogue"), ("dang-ky-tam-tru", "dialogue"),
        ("dang-ky-tam-tru", "dialogue"), ("cap-ho-chieu-pho-thong", "answer"), ("emergency", "emergency"),
        ("tip", "tip"), ("cap-ho-chieu-pho-thong", "dialogue"), ("tip", "dialogue"), ("other", "handoff"),
    ]  # fmt: skip
    assert found[0]["rule"] == "asks on: costs" and found[1]["rule"] == "chosen"


def test_a_dialogue_we_do_not_have_is_named(tmp_path):
    path = tmp_path / "questions.tsv"
    path.write_text("text\tdialogue\n1\tguessing\n")

    with pytest.raises(CommandError, match="names no dialogue we have: guessing; one of procedure_about"):
        call_command("understand", str(path), stdout=StringIO())


def test_json_needs_no_labels(tmp_path):
    path, out = tmp_path / "questions.tsv", StringIO()
    path.write_text("text\nlàm hộ chiếu\n\n👍\n")

    call_command("understand", str(path), "--json", stdout=out)

    assert [json.loads(line)["action"] for line in out.getvalue().splitlines()] == ["answer", "smalltalk"]


def test_short_lines_and_the_mark_windows_puts_first_are_read(tmp_path):
    path, out = tmp_path / "questions.tsv", StringIO()
    path.write_text("label\ttext\ncap-ho-chieu-pho-thong\tlàm hộ chiếu\n\ncap-ho-chieu-pho-thong\n", "utf-8-sig")

    call_command("understand", str(path), "--json", stdout=out)

    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["làm hộ chiếu", ""]


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(CommandError, match="is no file"):
        call_command("understand", str(tmp_path / "nothing.tsv"))
    (tmp_path / "words.tsv").write_text("một\thai\n")
    with pytest.raises(CommandError, match="text"):
        call_command("understand", str(tmp_path / "words.tsv"))
    (tmp_path / "old.tsv").write_bytes("text\nlàm hộ chiếu\n".encode("utf-16"))
    with pytest.raises(CommandError, match="UTF-8"):
        call_command("understand", str(tmp_path / "old.tsv"))
    (tmp_path / "long.tsv").write_text("text\n" + "a" * 200_000 + "\n")
    with pytest.raises(CommandError, match="after line 1: field larger"):
        call_command("understand", str(tmp_path / "long.tsv"))
