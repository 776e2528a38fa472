"""A voice message is a full tip: Zalo's AMR becomes an MP3 every browser plays, in a process that holds nothing."""

from __future__ import annotations

import io
import math
import os
import random
import struct
import wave

import av
import pytest

from tests.gateway.test_media import file, in_case_of_trouble, picture, stored, work
from zalopolice.gateway import keeping, sounds
from zalopolice.gateway.models import Attachment

__all__ = ["file"]  # a fixture
State = Attachment.State
pytestmark = pytest.mark.usefixtures("media")


def tone(seconds, rate):
    return b"".join(struct.pack("<h", int(9000 * math.sin(number * 0.35))) for number in range(int(seconds * rate)))


def recording(codec="libopencore_amrnb", container="amr", seconds=3.0, rate=8000, **tags):
    """As a telephone makes it."""
    out, samples = io.BytesIO(), tone(seconds, rate)
    with av.open(out, "w", format=container) as made:
        made.metadata.update(tags)
        track = made.add_stream(codec, rate=rate, layout="mono")
        size = track.codec_context.frame_size or 160
        resampler = av.AudioResampler(track.codec_context.format, "mono", rate, frame_size=size)
        for start in range(0, len(samples) // 2, size):
            piece = samples[2 * start : 2 * (start + size)].ljust(2 * size, b"\0")
            frame = av.AudioFrame(format="s16", layout="mono", samples=size)
            frame.sample_rate, frame.pts = rate, start
            frame.planes[0].update(piece)
            for ready in resampler.resample(frame):
                made.mux(track.encode(ready))
        made.mux(track.encode(None))
    return out.getvalue()


def wav(seconds):
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(tone(seconds, 8000))
    return out.getvalue()


def test_zalo_s_voice_can_be_heard_and_the_original_is_kept(file, commune, zone):
    voice = recording()
    assert voice.startswith(b"#!AMR")

    row = work(zone, file(voice, kind="audio"))

    assert (row.state, row.queue, row.reason, row.seconds) == (State.AVAILABLE, "", "", 3)
    assert stored(row) == ["original", "screen"]
    with zone("vault"):
        assert keeping.read(row, "original") == voice
    with commune.acting("cuong"):
        heard = keeping.read(Attachment.objects.get(pk=row.pk), "screen")
    with av.open(io.BytesIO(heard), format="mp3") as played:
        track = played.streams.audio[0]
        frames = list(played.decode(track))
        assert (track.codec_context.name, track.rate, track.channels) == ("mp3float", 16_000, 1)
        assert 2.9 < sum(frame.samples for frame in frames) / 16_000 < 3.3
        loudest = max(
            abs(value)
            for frame in frames
            for value in struct.unpack(f"<{frame.samples}f", bytes(frame.planes[0])[: 4 * frame.samples])
        )
        assert 0.15 < loudest < 0.5  # as loud as it was spoken


OTHERS = {
    "a voice of AAC": ("aac", "mp4", 44_100),
    "opus": ("libopus", "ogg", 48_000),
    "an MP3": ("libmp3lame", "mp3", 16_000),
}


@pytest.mark.parametrize("made", OTHERS.values(), ids=OTHERS.keys())
def test_other_recordings_too_and_nothing_of_the_telephone_stays(made):
    codec, container, rate = made
    voice = recording(codec, container, rate=rate, title="Nha Dung", comment="20.54,105.91", encoder="SM-A546E")

    sound = sounds.clean_sound(voice)

    assert sound.seconds == 3
    for trace in (b"Nha Dung", b"20.54", b"SM-A546E"):
        assert trace not in sound.mp3


@pytest.mark.parametrize("seed", range(3))
def test_a_recording_with_a_hole_is_heard_before_and_after_it(seed):
    """Most noise is a kind of frame the library has never heard of."""
    voice = recording(seconds=6.0)
    middle = len(voice) // 2
    broken = voice[:middle] + random.Random(seed).randbytes(300) + voice[middle + 300 :]

    assert 4 <= sounds.clean_sound(broken).seconds <= 8


def test_a_recording_cut_short_is_heard_as_far_as_it_goes():
    voice = recording(seconds=6.0)

    assert sounds.clean_sound(voice[: len(voice) // 2]).seconds == 3


NO_SOUNDS = {
    "a picture": picture(),
    "noise": os.urandom(5000),
    "only the head": b"#!AMR\n",
    "a playlist that names a file": b"#EXTM3U\nfile:///etc/passwd\n",
    "a concat list": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a film without a voice": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + os.urandom(2000),
    "an ID3 and noise": b"ID3\x04\0\0\0\0\0\0" + os.urandom(2000),
    "a wav without a sound": wav(0),
}


@pytest.mark.parametrize("content", NO_SOUNDS.values(), ids=NO_SOUNDS.keys())
def test_what_cannot_be_heard_is_kept_and_the_officer_learns_why(content):
    with pytest.raises(sounds.NotASound):
        sounds.clean_sound(content)


def test_the_officer_learns_why(file, zone):
    row = work(zone, file(b"no sound at all", kind="audio"))

    in_case_of_trouble(row, State.REJECTED, "không phải là ghi âm nghe được; bản gốc vẫn được giữ")
    assert stored(row) == ["original"]


def test_a_recording_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(sounds, "WALL_SECONDS", 0.05)
    with pytest.raises(sounds.NotASound):
        sounds.clean_sound(recording())
