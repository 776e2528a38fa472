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
    assert "Tips or emergencies answered as a procedure: 0" in out.getvalue()


def test_as_json(questions):
    out = StringIO()

    call_command("understand", questions, "--json", stdout=out)

    assert json.loads(out.getvalue())["total"] == {"right": 2}


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(CommandError, match="is no file"):
        call_command("understand", str(tmp_path / "nothing.tsv"))
    (tmp_path / "words.tsv").write_text("một\thai\n")
    with pytest.raises(CommandError, match="text"):
        call_command("understand", str(tmp_path / "words.tsv"))
