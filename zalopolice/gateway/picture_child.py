"""Runs alone (``python -I``): picture on stdin, eight bytes of size and a JPEG on stdout, exit 1 for anything else.

The longest side the JPEG may have is the only argument."""

import io
import resource
import struct
import sys

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
ORIENTATION = 0x0112


def main() -> None:
    Image.MAX_IMAGE_PIXELS = 60_000_000
    side = int(sys.argv[1])
    content = sys.stdin.buffer.read()
    _warm_up()
    # From here on it may open nothing and start nothing: what a picture takes over can only draw.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    size, jpeg = draw(content, side)
    sys.stdout.buffer.write(struct.pack(">II", *size) + jpeg)


def _warm_up() -> None:
    """Decoders load their helpers on first use; afterwards no file can be opened any more."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for name in FORMATS:
        sample = io.BytesIO()
        frames = [Image.new("P", (4, 2), shade) for shade in (1, 2)]
        if name == "GIF":
            frames[0].save(sample, name, save_all=True, append_images=frames[1:], transparency=0)
        else:
            frames[0].convert("RGB").save(sample, name, exif=exif)
        draw(sample.getvalue(), 2048)


def draw(content: bytes, side: int) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as source:
        if source.width * source.height > (Image.MAX_IMAGE_PIXELS or 0):
            sys.exit(1)
        source.draft("RGB", (side, side))
        picture = ImageOps.exif_transpose(source).convert("RGB")
    picture.thumbnail((side, side))
    # A fresh image, so that no metadata block can ride along.
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85, optimize=True)
    return clean.size, out.getvalue()


if __name__ == "__main__":
    main()
