"""Questions as people type them, read without a database.

questions-dev.tsv is the project's labelled file; the questions-heldout files were written by others than the
training sentences, and none of theirs is among those. Their totals were looked at all the same: one threshold (ALARM)
was chosen with them in sight, and two rules were mended after the fourth file was read (docs/understanding.md).
Floors are a little below what was reached, so that a change that costs accuracy is seen."""

from functools import lru_cache
from pathlib import Path

import pytest

from procedures import topics
from procedures.turns import Open
from procedures.understanding import LONGEST, understand
from zalopolice import judging, learned, reading, training

HERE = Path(__file__).parent
ENTRIES = judging.catalogue()
FILES = {
    "questions-dev": (0.96, 0.98),
    "questions-heldout": (0.95, 0.97),
    "questions-heldout-2": (0.95, 0.97),
    "questions-heldout-3": (0.95, 0.97),
    "questions-heldout-4": (0.95, 0.97),
    "questions-heldout-5": (0.95, 0.97),
    "questions-heldout-6": (0.96, 0.98),
}


@lru_cache
def judged(name):
    return judging.judge(judging.questions(HERE / f"{name}.tsv"), ENTRIES)


@pytest.fixture(scope="module", params=FILES)
def found(request):
    return request.param, judged(request.param)


def test_how_much_is_right(found):
    name, judgement = found
    figures = judgement.figures()

    assert figures["first"] >= FILES[name][0]
    assert figures["first_or_asked"] >= FILES[name][1]


def test_a_wrong_card_a_missed_alarm_and_a_false_one_are_rare(found):
    figures = found[1].figures()

    assert figures["wrong_card"] <= 0.015
    assert figures["tips_as_procedure"] <= 0.01
    assert figures["emergencies_found"] >= 0.94
    assert figures["false_alarms"] <= 0.015


def test_all_that_was_held_out_together():
    """Six files by seven writers: what is asked of the whole (docs/understanding.md)."""
    lines = [line for name in FILES if "heldout" in name for line in judged(name).lines]
    figures = judging.Judgement(lines).figures()

    assert figures["first"] >= 0.95 and figures["first_or_asked"] >= 0.97
    assert figures["emergencies_found"] >= 0.97 and figures["false_alarms"] <= 0.009
    assert figures["wrong_card"] <= 0.005 and figures["tips_as_procedure"] <= 0.005


def test_scraps_of_talk_are_seldom_an_alarm():
    """Written to mislead: "con em đang sốt ở nhà với bà nội", "cứu em với, không biết điền ô này"."""
    figures = judged("questions-scraps").figures()

    assert figures["emergencies_found"] == 1 and figures["false_alarms"] <= 0.035


def test_no_alarm_is_answered_as_a_procedure(found):
    assert [line.text for line in found[1].answered_as_procedure() if line.label == "emergency"] == []


def test_what_is_likest_to_an_alarm_rings_unless_it_plainly_reports_something(monkeypatch):
    weak = [("emergency", -0.7), ("greeting_thanks", -0.72), ("tip", -0.9)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: weak)

    cry = reading.read("em đang đứng trên cầu rồi, cho em gửi lời xin lỗi", lambda: ENTRIES)
    told = reading.read("báo công an nhà bên cạnh tụ tập đánh bạc ăn tiền suốt đêm đề nghị bắt", lambda: ENTRIES)

    assert (cry.kind, told.kind) == ("emergency", "tip")


@pytest.mark.parametrize(
    "text", ["tre con roi gieng", "co nguoi tu thieu truoc cong uy ban", "cháy nhà gần trường mầm non, cứuu"]
)
def test_what_the_fifth_file_showed_is_known(text):
    assert reading.read(text, lambda: ENTRIES).kind == "emergency"


@pytest.mark.parametrize("text", ["em muốn chết", "em bị đâm ở chỗ làm căn cước", "cứu tôi, nó bắt cóc con tôi"])
def test_named_danger_in_few_words_is_an_alarm_whatever_else_they_ask(text):
    assert reading.read(text, lambda: ENTRIES).kind == "emergency"


@pytest.mark.parametrize(
    "text",
    [
        "con tôi bị bắt cóc, giờ làm lại thẻ căn cước ở đâu ạ",
        "có người chết đuối, anh cho hỏi làm căn cước ở đâu ạ",
        "nhà cháy hết giấy tờ rồi giờ làm lại sổ tạm trú sao ạ",
    ],
)
def test_where_danger_is_named_no_card_is_given(text):
    """However clear the question: they are asked whether they report something."""
    read = reading.read(text, lambda: ENTRIES)

    assert read.kind == "emergency" or (read.kind, read.topic) == ("ask_back", "report")


def test_named_danger_that_is_like_nothing_learnt_is_asked_about_as_a_report(monkeypatch):
    weak = [("other", -0.3), ("hotline", -0.4), ("tip", -0.5), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: weak)
    words = "hôm nay trời trong mà bên kia sông người ta nói với nhau là có ai bị bắt cóc hay sao đó"

    read = reading.read(words, lambda: ENTRIES)

    assert (read.kind, read.rule, read.topic) == ("ask_back", "perhaps danger", "report")


def test_named_danger_is_not_sent_elsewhere_while_it_may_be_a_report(monkeypatch):
    clear = [("other", 0.6), ("tip", -0.4), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: clear)
    words = "hôm nay trời trong mà bên kia sông người ta nói với nhau là có ai bị bắt cóc hay sao đó"

    assert reading.read(words, lambda: ENTRIES).rule == "perhaps danger"


IN_NEED = "hôm nay trời trong mà bên kia sông người ta nói với nhau là có ai bị bắt cóc hay sao đó"


@pytest.mark.parametrize("first", ["hotline", "appointment", "greeting_thanks"])
def test_named_danger_is_not_answered_with_a_number_or_opening_hours(monkeypatch, first):
    clear = [(first, 0.9), ("other", -0.4), ("tip", -0.9), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: clear)

    read = reading.read(IN_NEED, lambda: ENTRIES)

    assert (read.kind, read.rule, read.topic) == ("ask_back", "perhaps danger", "report")


def test_a_report_that_asks_for_a_number_is_asked_about_as_a_report(monkeypatch):
    close = [("hotline", 0.5), ("tip", -0.2), ("other", -0.9), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: close)
    words = "xin số trực ban, nhà bên cạnh tụ tập đánh bạc ăn tiền suốt đêm đề nghị công an xuống bắt"

    read = reading.read(words, lambda: ENTRIES)

    assert (read.kind, read.rule, read.topic) == ("ask_back", "perhaps a report", "report")


def test_a_name_that_sounds_like_danger_is_no_card():
    """An editor's synonym, word for word, in more words than a cry has."""
    entry = judging.Phrases("moi", "Việc mới", (IN_NEED,))

    assert reading.read(IN_NEED, lambda: [*ENTRIES, entry]).kind != "answer"


def test_what_reads_like_a_report_is_no_procedure_written_since(monkeypatch):
    told = [("tip", 0.9), ("other", -0.4), ("hotline", -0.9), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: told)
    entry = judging.Phrases("moi", "Nuôi ong mật trong khu dân cư", ())

    assert reading.read("nuôi ong mật trong khu dân cư", lambda: [*ENTRIES, entry]).kind == "answer"  # its very name
    assert reading.read("nuôi ong mật khu dân cư kìa", lambda: [*ENTRIES, entry]).kind != "answer"


def test_half_a_thought_is_asked_about_and_not_sent_elsewhere(monkeypatch):
    clear = [("other", 0.6), ("hotline", -0.6), ("tip", -0.7), ("emergency", -2.0)]
    monkeypatch.setattr(reading.learned, "ranked", lambda text, known: clear)

    short, long = (reading.read(text, lambda: ENTRIES) for text in ("cái kia hôm nọ ấy", "cái kia hôm nọ ấy mà anh"))

    assert (short.kind, short.candidates) == ("ask_back", (("other", 0.6),))
    assert (long.kind, long.rule) == ("handoff", "elsewhere")


def test_nobody_learnt_from_what_is_judged():
    learnt = {" ".join(row["text"].lower().split()) for row in judging.questions(training.SENTENCES)}
    files = [*FILES, "questions-scraps"]
    asked = {" ".join(row["text"].lower().split()) for name in files for row in judging.questions(HERE / f"{name}.tsv")}

    assert len(learnt) > 2000
    assert learnt.isdisjoint(asked)


def test_the_model_was_made_from_the_sentences_that_are_there():
    """Not made anew here, which takes most of a minute: ``./run manage train_understanding`` does."""
    examples = training.sentences(ENTRIES)

    assert learned.load().made_from == training.digest(examples, ENTRIES, learned.load().rarity)
    assert set(learned.load().labels) == {label for _, label in examples}


def test_a_score_is_the_plain_sum_of_its_weights():
    model = learned.load()
    for text in ("", "cứu với", "đăng ký tạm trú cần giấy tờ gì " * 40):
        features = learned.features(text, ENTRIES, model.rarity)
        for label, score in model.scores(features):
            at = model.labels.index(label)
            weights = memoryview(model.weights).cast("b")[at :: len(model.labels)]
            total = model.bias[at] + sum(value * weights[bucket] for bucket, value in features.items())
            assert score == round(total / model.scale, 3), (text, label)


def test_the_same_sentences_make_the_same_model():
    some = training.sentences(ENTRIES)[::16]

    assert training.train(some, ENTRIES) == training.train(some, ENTRIES)


def test_every_name_and_synonym_leads_to_its_entry_or_is_asked_back():
    for entry in ENTRIES:
        for phrase in (entry.name, *entry.synonyms):
            near = [slug for slug, _ in understand(phrase, ENTRIES).candidates]
            assert entry.slug in near, phrase


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("Đăng ký tạm trú cần gì?", "dang-ky-tam-tru"),
        ("dk tam chu can j a", "dang-ky-tam-tru"),
        ("lam cccd cho be 3t", "cap-the-can-cuoc-duoi-06-tuoi"),
        ("làm căn cước cho cháu 9 tuổi", "cap-the-can-cuoc-tu-06-den-duoi-14-tuoi"),
        ("GIA HẠN TẠM TRÚ", "gia-han-tam-tru"),
    ],
)
def test_marks_abbreviations_and_errors_do_not_matter(typed, slug):
    assert understand(typed, ENTRIES).candidates[0][0] == slug


def test_three_ages_are_three_procedures():
    asked = [understand(f"làm căn cước cho con {age} tuổi", ENTRIES).candidates[0][0] for age in (5, 6, 13, 14)]

    assert asked == [
        "cap-the-can-cuoc-duoi-06-tuoi",
        *["cap-the-can-cuoc-tu-06-den-duoi-14-tuoi"] * 2,
        "cap-the-can-cuoc-tu-du-14-tuoi",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "👍👍",
        "?" * 5000,
        "don " * 2000,
        "a" * 20_000,
        "x\u0301\u0302" * 900,
        "\x00\x07",
        "1",
    ],
)
def test_no_text_is_an_exception(text):
    read = reading.read(text, lambda: ENTRIES)

    assert read.kind in {"handoff", "ask_back"}


def test_the_same_question_has_the_same_answer_and_nothing_is_answered_from_nothing():
    text = "mất bằng lái làm lại ở đâu"

    assert understand(text, ENTRIES) == understand(text, list(ENTRIES))
    assert understand(text, []).action == "handoff"
    assert understand(text + " xin hỏi" * LONGEST, ENTRIES).action == "handoff"


def test_choices_are_at_most_four():
    assert all(
        len(understand(line["text"], ENTRIES).candidates) <= 4 for line in judging.questions(HERE / "questions-dev.tsv")
    )


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("số điện thoại trực ban", "hotline"),
        ("đổi số điện thoại vneid", ""),
        ("cảm ơn nhé", "greeting_thanks"),
        ("Nhà có khách thì báo trước mấy giờ", ""),
        ("mấy giờ mở cửa ạ", "appointment"),
        ("hồ sơ nộp 2 tuần rồi chưa thấy trả lời", "lookup_id_result"),
    ],
)
def test_topics(text, topic):
    assert topics.topic(text) == topic


# --- under a card ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "first", "asked"), [("dialogues", 0.61, 0.91), ("dialogues-2", 0.53, 0.91)])
def test_what_goes_on_about_a_card_and_what_is_new(name, first, asked):
    """Two writers who saw no code; the first file was read while the rules were made, the second looked at after."""
    figures = judged(name).figures()

    assert figures["first"] >= first
    assert figures["first_or_asked"] >= asked
    assert figures["wrong_card"] <= 0.03
    assert figures["emergencies_found"] >= 0.96
    assert figures["tips_as_procedure"] == 0


CARD = Open("procedure_about", {"slug": "dang-ky-tam-tru", "steps": ["full", "forms", "officer"]})


@pytest.mark.parametrize(
    "said",
    [
        "đầu hẻm có sòng bài ăn tiền", "cán bộ đòi em 500k", "họ vòi 1 triệu mới ký", "họ bắt đóng 3 triệu",
        "em bị nhiều số lạ gọi điện", "ở nhà bị nhiều chuyện lắm", "nó ở đâu cũng theo em", "nó canh em ở chỗ làm việc",
        "sáng nay nó lại tới quậy", "hôm nay nó lại tới", "nó hôm nay lại xin tiền", "nó lấy giấy tờ em đi đâu",
        "They took my money online", "police asked me for 500k", "hôm nay chị gái em không về",
        "anh đó gợi ý tiền bồi dưỡng", "chồng em hôm nay lại say rồi", "chim ghe 2 nguoi chua thay",
        "nó chụp photo căn cước em rồi",
        "cán bộ bắt đóng tiền mới làm", "họ lấy tiền của em rồi", "hôm nay họ lại đến nhà", "cán bộ đòi em tiền trà",
        "can bo doi em tien tra", "đòi thêm tiền mới ký", "hom nay ho lai den nha",
        "Tôi bị lừa 50 triệu, nó hẹn gặp người thật ở quán cà phê rồi chặn số tôi",
        "hôm qua tôi gặp người thất lạc ở bến xe",
    ],
)  # fmt: skip
def test_what_may_be_a_report_gets_no_fee_no_hours_and_no_place(said):
    turn = reading.read(said, lambda: ENTRIES, CARD).turn

    assert turn is None or (turn.parts, turn.where) == ((), "more")


def test_under_no_card_is_a_report_or_danger_told_as_more_about_it():
    """Every report and alarm held out, each under a card that has nothing to do with it: also those that are only asked
    back when they come first."""
    lines = [line for name in FILES for line in judged(name).lines if line.label in {"tip", "emergency"}]
    cards = [Open("procedure_about", {"slug": entry.slug, "steps": ["full", "officer"]}) for entry in ENTRIES]
    told = [
        line.text
        for number, line in enumerate(lines)
        if judging.tells(reading.go_on(line.text, lambda: ENTRIES, cards[number % len(cards)], line.read))
    ]

    assert len(lines) > 1000
    assert told == []


def test_a_report_stays_among_the_choices_when_the_card_joins_them():
    near = (("a", 0.0), ("b", -0.1), ("other", -0.2), ("tip", -0.3))
    first = reading.Reading("ask_back", "a", near, "close")

    read = reading._with_the_open_one(first, CARD)

    assert [label for label, _ in read.candidates] == ["a", "dang-ky-tam-tru", "b", "tip"]
