import re

import pytest

from zalopolice.gateway.splitting import parts


def test_what_fits_stays_as_it_is():
    assert parts(" ngắn \n", 100) == ["ngắn"]
    assert parts("x" * 100, 100) == ["x" * 100]


def test_paragraphs_stay_whole_where_they_can():
    first, second, third = ("A " * 30).strip(), ("B " * 30).strip(), ("C " * 10).strip()

    assert parts(f"{first}\n\n{second}\n\n{third}", 100) == [f"(1/2)\n{first}", f"(2/2)\n{second}\n\n{third}"]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"- dòng số {number}" for number in range(400)),
        " ".join(f"Câu số {number} nói một điều." for number in range(400)),
        "từ " * 3000,
        "x" * 10_000,
        "\n\n".join("đoạn " * size for size in range(1, 200, 7)),
        "🙂 " * 4000,
    ],
)
def test_nothing_is_lost_nothing_said_twice_and_every_part_fits(text):
    found = parts(text, 300)

    assert all(0 < len(part) <= 300 for part in found)
    assert [part.split("\n")[0] for part in found] == [f"({n}/{len(found)})" for n in range(1, len(found) + 1)]
    whole = "".join(part.split("\n", 1)[1] for part in found)
    assert re.sub(r"\s", "", whole) == re.sub(r"\s", "", text)
