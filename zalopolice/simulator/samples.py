"""Three photos a citizen might send, drawn at first start, with the EXIF a real phone writes: place, device, time.

The portal must strip all of it from what officers see, so the samples have to carry it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE = (1280, 960)
SAMPLES = {
    "rac": "Rác đổ trộm ven kênh",
    "xe": "Xe máy lạ đầu hẻm",
    "cot-dien": "Cột điện nghiêng",
}
PLACES = {"rac": (16.0471, 108.2068), "xe": (16.0605, 108.2140), "cot-dien": (16.0339, 108.2212)}

DAY_WALLS = ["#d9c7a5", "#c7b299", "#e3d8c3", "#b9c4b4", "#d6b59a", "#cfcabb", "#c2b8a3", "#ddd0b0"]
NIGHT_WALLS = ["#4a4650", "#3d3f4c", "#54494a", "#41474c", "#4c4550", "#3b4149", "#514b48", "#434350"]
BAGS = [
    (430, 600, 150, "#2b2f33"),
    (560, 570, 190, "#3a3f45"),
    (720, 610, 150, "#2f4a63"),
    (510, 660, 140, "#8c2f2b"),
    (640, 680, 170, "#23272a"),
    (820, 680, 110, "#d8d5cb"),
    (380, 690, 100, "#c9b458"),
    (760, 560, 120, "#454b50"),
]

Painter = Callable[["ImageDraw"], None]


def _sky(draw: "ImageDraw", top: tuple[int, int, int], bottom: tuple[int, int, int], height: int) -> None:
    for y in range(height):
        share = y / height
        draw.line(
            [(0, y), (SIZE[0], y)], fill=tuple(int(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        )


def _houses(draw: "ImageDraw", base: int, colours: list[str], lit: str) -> None:
    """A row of narrow tube houses with shutters and balconies."""
    for number, colour in enumerate(colours):
        left, top = number * 170 - 30, base - 300 - (number * 97) % 150
        draw.rectangle([left, top, left + 160, base], fill=colour)
        draw.rectangle([left, top, left + 160, top + 14], fill="#00000040" if lit == "day" else "#2a2a33")
        for floor in range(top + 50, base - 120, 95):
            glass = "#9fb8c4" if lit == "day" else ("#f2c66d" if (number + floor) % 3 == 0 else "#3d4452")
            draw.rectangle([left + 30, floor, left + 130, floor + 50], fill=glass)
            draw.line([(left + 14, floor + 60), (left + 146, floor + 60)], fill="#5b5148", width=5)
        draw.rectangle([left + 22, base - 100, left + 138, base], fill="#6d7a80" if lit == "day" else "#4b4f58")


def _rubbish(draw: "ImageDraw") -> None:
    _sky(draw, (178, 203, 214), (226, 226, 212), 480)
    _houses(draw, 520, DAY_WALLS, "day")
    draw.rectangle([0, 520, 1280, 640], fill="#7d8a6b")
    draw.polygon([(0, 640), (1280, 600), (1280, 760), (0, 800)], fill="#8f8c84")
    draw.polygon([(0, 800), (1280, 760), (1280, 960), (0, 960)], fill="#5d6f68")
    for x, y, size, colour in BAGS:
        draw.ellipse([x, y, x + size, y + size * 0.78], fill=colour)
        draw.polygon([(x + size * 0.42, y + 8), (x + size * 0.5, y - 26), (x + size * 0.6, y + 8)], fill=colour)
        draw.arc([x + 14, y + 12, x + size - 20, y + size * 0.6], 190, 260, fill="#ffffff", width=3)


def _motorbike(draw: "ImageDraw") -> None:
    _sky(draw, (24, 28, 44), (70, 60, 66), 560)
    _houses(draw, 600, NIGHT_WALLS, "night")
    draw.rectangle([0, 600, 1280, 960], fill="#35363b")
    draw.polygon([(880, 120), (520, 960), (1280, 960)], fill="#4b463c")
    draw.line([(880, 110), (880, 640)], fill="#22242a", width=16)
    draw.ellipse([846, 84, 914, 130], fill="#ffe3a1")
    for x in (500, 800):
        draw.ellipse([x, 650, x + 170, 820], outline="#0f1012", width=26)
        draw.ellipse([x + 66, 716, x + 104, 754], fill="#9a9ca3")
    draw.polygon([(575, 735), (640, 600), (800, 620), (900, 735), (760, 760), (680, 760)], fill="#7c1f24")
    draw.polygon([(650, 590), (860, 575), (890, 615), (700, 625)], fill="#15161a")
    draw.line([(600, 700), (560, 560), (510, 545)], fill="#b9bbc2", width=14)
    draw.ellipse([555, 560, 620, 620], fill="#f5f0d0")
    draw.rectangle([900, 640, 990, 700], fill="#eceff1")
    draw.text((908, 650), "43-XX", fill="#20242a", font_size=22)


def _pole(draw: "ImageDraw") -> None:
    _sky(draw, (120, 160, 196), (214, 222, 224), 700)
    draw.polygon([(0, 620), (300, 540), (640, 600), (980, 520), (1280, 590), (1280, 720), (0, 720)], fill="#6f8f77")
    draw.rectangle([0, 700, 1280, 960], fill="#8c8a80")
    draw.polygon([(420, 960), (860, 960), (700, 700), (610, 700)], fill="#75736c")
    draw.polygon([(560, 830), (610, 830), (800, 110), (768, 102)], fill="#a9a59b")
    draw.line([(690, 150), (890, 205)], fill="#5c4b3c", width=18)
    draw.line([(672, 220), (866, 272)], fill="#5c4b3c", width=14)
    for x, y in ((700, 150), (880, 198), (682, 220), (856, 268)):
        draw.line([(x, y), (0, y + 150 + x // 9)], fill="#25282b", width=5)
        draw.arc([x - 40, y - 240, 1500, y + 120], 70, 172, fill="#25282b", width=5)
    draw.polygon([(470, 860), (720, 850), (690, 810), (520, 815)], fill="#5b554b")
    for x in (380, 800):
        draw.polygon([(x, 880), (x + 34, 760), (x + 68, 880)], fill="#e0662b")
        draw.polygon([(x + 16, 824), (x + 25, 794), (x + 43, 794), (x + 52, 824)], fill="#f4efe6")


PAINTERS: dict[str, Painter] = {"rac": _rubbish, "xe": _motorbike, "cot-dien": _pole}


def _degrees(value: float) -> tuple[float, float, float]:
    whole, rest = divmod(value * 60, 60)
    return whole, float(int(rest)), round((rest - int(rest)) * 60, 2)


def _exif(image: "Image", place: tuple[float, float]) -> bytes:
    """Device, time and GPS, as a phone writes them (tags of the EXIF 2.3 standard)."""
    exif = image.getexif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "samsung", "SM-A156E", "2026:11:20 21:14:07"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 21:14:07"
    exif.get_ifd(0x8825).update({1: "N", 2: _degrees(place[0]), 3: "E", 4: _degrees(place[1]), 29: "2026:11:20"})
    return exif.tobytes()


def _grain(image: "Image") -> "Image":
    """Blur and sensor noise, so that it compresses and looks like a photograph."""
    from PIL import Image as PillowImage
    from PIL import ImageFilter

    noise = PillowImage.effect_noise(SIZE, 26).convert("RGB")
    return PillowImage.blend(image.filter(ImageFilter.GaussianBlur(1.4)), noise, 0.1)


def make_samples(directory: Path) -> None:
    """Draw what is missing under DIR/samples."""
    from PIL import Image as PillowImage
    from PIL import ImageDraw as PillowDraw

    folder = directory / "samples"
    folder.mkdir(exist_ok=True)
    for key, paint in PAINTERS.items():
        if (folder / f"{key}.jpg").exists():
            continue
        image = PillowImage.new("RGB", SIZE)
        paint(PillowDraw.Draw(image))
        image = _grain(image)
        image.save(folder / f"{key}.jpg", "JPEG", quality=82, exif=_exif(image, PLACES[key]))
        image.resize((320, 240)).save(folder / f"{key}-small.jpg", "JPEG", quality=80)
