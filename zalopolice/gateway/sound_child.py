"""Runs alone (``python -I``): a recording on stdin, four bytes of length and an MP3 on stdout, else exit 1."""

import io
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any

import av

FORMATS = ("amr", "mp3", "mov", "aac", "ogg", "wav", "matroska")
CODECS = {"amrnb", "amrwb", "mp3", "mp3float", "aac", "opus", "libopus", "vorbis", "pcm_s16le"}
RATE, BITS = 16_000, 32_000
"""Speech; a telephone records no more."""
MAGIC = {
    b"#!AMR": "amr",
    b"ID3": "mp3",
    b"\xff\xfb": "mp3",
    b"\xff\xf3": "mp3",
    b"\xff\xf2": "mp3",
    b"\xff\xf1": "aac",
    b"\xff\xf9": "aac",
    b"OggS": "ogg",
    b"RIFF": "wav",
    b"\x1aE\xdf\xa3": "matroska",
}

_FORMAT = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
SILENCE = b"RIFF" + struct.pack("<I", RATE + 36) + _FORMAT + b"data" + struct.pack("<I", RATE) + bytes(RATE)


def main() -> None:
    av.logging.set_level(None)
    content = sys.stdin.buffer.read()
    play(SILENCE)  # the library loads parts of itself on first use; afterwards no file can be opened any more
    # From here on it may open nothing and start nothing: what a recording takes over can only compute.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    seconds, mp3 = play(content)
    sys.stdout.buffer.write(struct.pack(">I", seconds) + mp3)


def format_of(content: bytes) -> str:
    """By our own table: the library would try every format it knows, playlists that name other files among them."""
    if content[4:8] == b"ftyp":
        return "mov"
    return next((name for magic, name in MAGIC.items() if content.startswith(magic)), "")


def play(content: bytes) -> tuple[int, bytes]:
    name, out, samples = format_of(content), io.BytesIO(), 0
    if not name:
        sys.exit(1)
    with av.open(io.BytesIO(content), format=name) as source, av.open(out, "w", format="mp3") as made:
        voice = source.streams.audio[0]
        if voice.codec_context.codec.name not in CODECS:
            sys.exit(1)
        voice.codec_context.thread_count = 1
        track = made.add_stream("libmp3lame", rate=RATE, bit_rate=BITS, layout="mono")
        resampler = av.AudioResampler("s16p", "mono", RATE)
        for frame in frames(source, voice):
            for piece in resampler.resample(frame):
                samples += piece.samples
                made.mux(track.encode(piece))
        made.mux(track.encode(None))
    if samples < RATE // 20:
        sys.exit(1)
    return max(1, round(samples / RATE)), out.getvalue()


def frames(source: Any, voice: Any) -> Iterator[Any]:
    """A piece that is damaged is left out; what was said before and after it can be heard. None ends it."""
    for packet in source.demux(voice):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue
    yield None


if __name__ == "__main__":
    main()
