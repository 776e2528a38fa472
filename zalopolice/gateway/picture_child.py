"""Runs alone (``python -I``): picture on stdin, eight bytes of size and a JPEG on stdout, exit 1 for anything else."""

import io
import struct
import sys

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
SIDE = 2048


def main() -> None:
    Image.MAX_IMAGE_PIXELS = 60_000_000
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as source:
        if source.width * source.height > Image.MAX_IMAGE_PIXELS:
            sys.exit(1)
        source.draft("RGB", (SIDE, SIDE))
        picture = ImageOps.exif_transpose(source).convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    # A fresh image, so that no metadata block can ride along.
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85, optimize=True)
    sys.stdout.buffer.write(struct.pack(">II", *clean.size) + out.getvalue())


if __name__ == "__main__":
    main()
