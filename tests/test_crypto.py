"""The one door to cryptography: fixed vectors, hostile bytes, and ciphertext that was moved."""

from __future__ import annotations

import hashlib
import io
import json
import random
import traceback
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests import cast
from tips.models import Case, CaseEntry
from zalopolice import crypto
from zalopolice.crypto import CannotOpen, Key, MinuteSealer, open_sealed, seal_to
from zalopolice.gateway.models import Message
from zalopolice.units import keyring, walls
from zalopolice.units.models import ContentKey
from zalopolice.units.walls import unit_context
from zalopolice.vault.models import VaultKey

SECRET = bytes(range(32))
KEY = Key(uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), SECRET)
UNIT = uuid.UUID("11111111-2222-4333-8444-555555555555")
ROW = uuid.UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
PRIVATE = bytes(range(32, 64))
PUBLIC = bytes.fromhex("358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254")

ENVELOPE = bytes.fromhex(
    "5a500100112233445566778899aabbccddeeff6465666768696a6b6c6d6e6f067cab87c27a38be4a0b31c83bdef5dd2a23bcb1e64cc747c5fa"
    "f6c617f1330183f3b9fa522fba4d"
)
SEALED = bytes.fromhex(
    "5a530179a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a6465666768696a6b6c6d6e6f07f90791a44c00701de7"
    "d810f89a4aaf526c376f00f04fc88023398955a9"
)
SEALED_BY_MINUTE = bytes.fromhex(
    "5a53025a530179a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a6465666768696a6b6c6d6e6ff411e27c49a7e1"
    "d7e60b31e91163ca41d5262626cb5d508815ded75f7751aedc8e867b4c50b202d934f65feb96c6cad8c8c9cacbcccdcecfd0d1d2d354e59098"
    "c1285471d056dfb786e137ae5e8b88942f3c3bb64c04e15484e06eef8c7db975959846"
)
FILE = bytes.fromhex(
    "5a460100112233445566778899aabbccddeeff010203040506071ab02061b9dd30b9a886183fc24bee18bb8030a67a6c788137147a6be1229668"
)
CONTEXT = (
    "v1.11111111-2222-4333-8444-555555555555.aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee.1795230001"
    ".6ea76d032dc16959bfe992ed05230a927ec7f3c41099da055f51283168372208"
)
AAD = crypto.field_aad(UNIT, "tips_case", "title", ROW)


def find(id: uuid.UUID) -> bytes:
    if id != KEY.id:
        raise CannotOpen("destroyed")
    return SECRET


def read(stored: bytes, aad: bytes = b"zp1|file") -> bytes:
    return b"".join(crypto.decrypt_file(find, io.BytesIO(stored), aad))


# --- known answers: what was written once must open for ever -----------------------------------------------------


def test_an_envelope_of_the_first_format_opens():
    assert crypto.decrypt(find, ENVELOPE, AAD).decode() == "Nguồn tin ở hẻm 45"
    assert crypto.key_id(ENVELOPE) == KEY.id
    assert f"zp1|{UNIT}|tips_case|title|{ROW}".encode() == AAD


def test_an_envelope_made_now_has_the_first_format():
    made = crypto.encrypt(KEY, b"words", AAD)

    assert made[:19] == ENVELOPE[:19]
    assert AESGCM(SECRET).decrypt(made[19:31], made[31:], AAD) == b"words"
    assert len({crypto.encrypt(KEY, b"words", AAD)[19:31] for _ in range(50)}) == 50


def test_a_sealed_box_of_the_first_format_opens():
    assert open_sealed(PRIVATE, SEALED, b"zp-secret|1234") == b"signing secret"


def test_a_minute_seal_of_the_first_format_opens():
    assert open_sealed(PRIVATE, SEALED_BY_MINUTE, b"zp-event|x") == b'{"event_name":"follow"}'


def test_seals_made_now_open_and_differ_every_time():
    sealer = MinuteSealer(PUBLIC)
    one, two = sealer.seal(b"body", b"aad"), sealer.seal(b"body", b"aad")

    assert open_sealed(PRIVATE, one, b"aad") == open_sealed(PRIVATE, two, b"aad") == b"body"
    assert one[:98] == two[:98]  # the same key of the minute
    assert one[98:] != two[98:]
    assert MinuteSealer(PUBLIC, lifetime=0).seal(b"body", b"aad")[:98] != one[:98]
    assert open_sealed(PRIVATE, seal_to(PUBLIC, b"body", b"aad"), b"aad") == b"body"


def test_a_keyed_hash_has_its_known_value():
    assert crypto.keyed_hash(SECRET, b"ab", b"c", b"").hex() == (
        "af21d4740fdb3bcba99acbc466d52c08c849093ed6b4e2a6a522e65e56e9f776"
    )
    assert crypto.keyed_hash(SECRET, b"a", b"bc") != crypto.keyed_hash(SECRET, b"ab", b"c")
    assert crypto.keyed_hash(SECRET, b"a") != crypto.keyed_hash(SECRET, b"a", b"")


def test_a_context_signature_has_its_known_value():
    assert walls.sign(SECRET, UNIT, ROW, 1795230001) == CONTEXT
    assert walls.sign(SECRET, None, None, 1795230001).startswith("v1...1795230001.")


def test_a_file_of_the_first_format_opens():
    assert read(FILE) == b"bytes of a photo"


def test_a_file_of_two_chunks_has_the_first_format():
    prefix = bytes(range(1, 8))
    stored = b"ZF\x01" + KEY.id.bytes + prefix
    for number, last, plain in ((0, 0, b"a" * 65536), (1, 1, b"b" * 10)):
        nonce = prefix + number.to_bytes(4, "big") + bytes([last])
        stored += AESGCM(SECRET).encrypt(nonce, plain, b"zp1|file")

    assert hashlib.sha256(stored).hexdigest() == "2edee46bb5f498e352421ce06a415274379cc52bb05f9c24dece20d9f4295daf"
    assert read(stored) == b"a" * 65536 + b"b" * 10


# --- changed bytes --------------------------------------------------------------------------------------------------

OPEN = {
    "envelope": (ENVELOPE, 31, lambda stored: crypto.decrypt(find, stored, AAD)),
    "sealed box": (SEALED, 47, lambda stored: open_sealed(PRIVATE, stored, b"zp-secret|1234")),
    "minute seal": (SEALED_BY_MINUTE, 110, lambda stored: open_sealed(PRIVATE, stored, b"zp-event|x")),
    "file": (FILE, 26, read),
}


@pytest.mark.parametrize("form", OPEN)
def test_every_byte_of_a_header_and_two_hundred_others_are_protected(form):
    stored, header, opens = OPEN[form]
    dice = random.Random(form)
    places = [*range(header), *(dice.randrange(len(stored)) for _ in range(200))]

    for place in places:
        changed = bytearray(stored)
        changed[place] ^= 1 << dice.randrange(8)
        with pytest.raises(CannotOpen):
            opens(bytes(changed))


@pytest.mark.parametrize("form", OPEN)
def test_nothing_opens_that_was_cut_or_lengthened(form):
    stored, _, opens = OPEN[form]

    for wrong in [*(stored[:length] for length in range(len(stored))), stored + b"\x00", b"\x00" + stored, stored * 2]:
        with pytest.raises(CannotOpen):
            opens(wrong)


@pytest.mark.parametrize("form", OPEN)
def test_an_error_carries_neither_words_nor_keys(form):
    stored, _, opens = OPEN[form]

    with pytest.raises(CannotOpen) as caught:
        opens(stored[:-1] + bytes([stored[-1] ^ 1]))

    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.__context__)
    for secret in ("Nguồn tin", "signing secret", "bytes of a photo", SECRET.hex(), repr(SECRET), PRIVATE.hex()):
        assert secret not in told


def test_keys_do_not_show_themselves():
    keys = crypto.Keys(vault_private=SECRET, session_key="session", content_roots=(KEY,))

    told = repr(KEY) + repr(keys) + str(keys) + repr([keys]) + f"{KEY}"

    assert repr(SECRET)[2:-1] not in told
    assert "session" not in told
    assert SECRET.hex() not in told


def test_a_seal_of_another_zone_does_not_open():
    with pytest.raises(CannotOpen):
        open_sealed(bytes(range(1, 33)), SEALED, b"zp-secret|1234")
    with pytest.raises(CannotOpen):
        open_sealed(bytes(range(1, 33)), SEALED_BY_MINUTE, b"zp-event|x")


def test_points_of_low_order_are_refused():
    for point in (bytes(32), b"\x01" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f")):
        with pytest.raises(CannotOpen):
            open_sealed(PRIVATE, SEALED[:3] + point + SEALED[35:], b"zp-secret|1234")


# --- files ----------------------------------------------------------------------------------------------------------


def stored_file(plain: bytes) -> bytes:
    out = io.BytesIO()
    digest, size = crypto.encrypt_file(KEY, iter([plain[i : i + 7000] for i in range(0, len(plain), 7000)]), out, b"f")
    assert (digest, size) == (hashlib.sha256(plain).hexdigest(), len(plain))
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, crypto.CHUNK - 1, crypto.CHUNK, crypto.CHUNK + 1, 3 * crypto.CHUNK])
def test_a_file_of_any_size_comes_back_whole(size):
    plain = random.Random(size).randbytes(size)

    assert read(stored_file(plain), b"f") == plain


def test_chunks_cannot_be_dropped_swapped_repeated_or_appended():
    stored = stored_file(random.Random(1).randbytes(3 * crypto.CHUNK + 5))
    whole = crypto.CHUNK + 16
    head, chunks = stored[:26], [stored[26 + i * whole : 26 + (i + 1) * whole] for i in range(4)]
    other = stored_file(random.Random(1).randbytes(3 * crypto.CHUNK + 5))[26:][:whole]
    wrong = {
        "cut after a whole chunk": chunks[:3],
        "cut inside a chunk": [*chunks[:2], chunks[2][:100]],
        "nothing but the header": [],
        "swapped": [chunks[1], chunks[0], *chunks[2:]],
        "repeated": [chunks[0], chunks[0], *chunks[1:]],
        "one missing": [chunks[0], *chunks[2:]],
        "the last one first": [chunks[3], *chunks[:3]],
        "lengthened": [*chunks, b"\x00"],
        "a chunk appended": [*chunks, chunks[3]],
        "a chunk of another file": [other, *chunks[1:]],
    }

    for what, parts in wrong.items():
        with pytest.raises(CannotOpen):
            read(head + b"".join(parts), b"f")
            pytest.fail(what)


def test_a_bad_chunk_is_not_handed_out():
    stored = bytearray(stored_file(b"x" * (2 * crypto.CHUNK)))
    stored[-1] ^= 1
    chunks = crypto.decrypt_file(find, io.BytesIO(bytes(stored)), b"f")

    assert next(chunks) == b"x" * crypto.CHUNK
    with pytest.raises(CannotOpen):
        next(chunks)


def test_a_file_opens_in_its_own_place_only():
    with pytest.raises(CannotOpen):
        read(stored_file(b"x"), b"another place")


# --- moved ciphertext, in the database --------------------------------------------------------------------------------


@pytest.fixture
def cases(commune, other_commune, zone):
    """A case in each of two communes, with a title, a summary, a note and two messages of its source."""
    made = []
    for place in (commune, other_commune):
        place.hears("dung", "Tôi báo tin có đánh bạc")
        place.hears("dung", "Ở nhà văn hóa")
        cast.work_inbox(zone)
        with place.acting("binh") as officer:
            source = Message.objects.filter(direction="in").first()
            case = Case.objects.create(
                unit_id=officer.unit.pk,
                citizen_id=source.citizen_id,
                classification="tin_antt",
                title="Đánh bạc",
                summary="Đã nhắc nhở",
                received_at=source.sent_at,
                opened_by=officer,
            )
            CaseEntry.objects.create(unit_id=officer.unit.pk, case=case, kind="noted", text="Ghi chú")
            made.append(case.pk)
    return made


def everything(zone):
    """The stored bytes of every encrypted column of the cases, by place."""
    with zone("owner"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 'tips_case', 'title', id, title FROM tips_case"
                " UNION ALL SELECT 'tips_case', 'summary', id, summary FROM tips_case"
                " UNION ALL SELECT 'tips_caseentry', 'text', id, text FROM tips_caseentry WHERE kind = 'noted'"
                " UNION ALL SELECT 'gateway_message', 'text', id, text FROM gateway_message WHERE direction = 'in'"
            )
            return [(table, column, row, bytes(stored)) for table, column, row, stored in cursor.fetchall()]


MODELS = {"tips_case": Case, "tips_caseentry": CaseEntry, "gateway_message": Message}


def test_ciphertext_opens_in_its_own_place_and_in_no_other(cases, zone):
    places = everything(zone)
    assert len(places) == 10
    with zone("vault"):
        keyring.warm("content", ContentKey.objects.values_list("owner", flat=True))

    opened = refused = 0
    for table, column, row, _ in places:
        with zone("owner"):
            target = MODELS[table].objects.get(pk=row)
        with zone("vault"):
            for source in places:
                target.__dict__[column] = source[3]  # what a writer of the database could put there
                try:
                    assert getattr(target, column)
                    assert source[:3] == (table, column, row)
                    opened += 1
                except CannotOpen:
                    refused += 1
    assert (opened, refused) == (10, 90)


def test_swapping_two_columns_in_the_database_is_noticed(cases, commune, zone):
    with zone("owner"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE tips_case SET title = summary, summary = title")

    with commune.acting("binh"):
        case = Case.objects.get(pk=cases[0])
        for column in ("title", "summary"):
            with pytest.raises(CannotOpen):
                getattr(case, column)


def test_a_wrapped_key_opens_in_its_own_row_only(cases, zone):
    with zone("vault"):
        one, two = ContentKey.objects.filter(level="owner").order_by("pk")[:2]
        one.wrapped, two.wrapped = two.wrapped, one.wrapped
        for row in (one, two):
            with pytest.raises(CannotOpen):
                keyring.unwrap("content", row)
        unit = ContentKey.objects.filter(level="unit").first()
        unit.owner = uuid.uuid4()
        with pytest.raises(CannotOpen):
            keyring.unwrap("content", unit)


def test_the_rings_do_not_open_each_other(cases, zone):
    with zone("worker"), pytest.raises(CannotOpen, match="holds no vault keys"):
        keyring.roots("vault")
    with zone("vault"):
        row = VaultKey.objects.filter(level="unit").first()
        with pytest.raises(CannotOpen):
            keyring.unwrap("content", row)


def test_a_destroyed_key_erases_its_words_for_good(cases, commune, zone):
    with zone("vault"):
        ContentKey.objects.filter(owner=cases[0]).delete()

    keyring.forget()
    with commune.acting("binh"):
        with pytest.raises(CannotOpen, match="destroyed"):
            _ = Case.objects.get(pk=cases[0]).title
        assert Message.objects.filter(direction="in").first().text  # the citizen's own key is another


def test_a_process_that_knew_the_key_forgets_it_too(cases, commune, zone, monkeypatch):
    monkeypatch.setattr(keyring, "KEPT", 0.0)
    with commune.acting("binh"):
        assert Case.objects.get(pk=cases[0]).title == "Đánh bạc"
    with zone("vault"):
        ContentKey.objects.filter(owner=cases[0]).delete()

    with commune.acting("binh"), pytest.raises(CannotOpen, match="destroyed"):
        _ = Case.objects.get(pk=cases[0]).title


def test_a_process_keeps_so_many_keys_open_and_no_more(cases, commune, monkeypatch):
    """Or a worker grows with everybody who ever wrote."""
    keyring.forget()
    with commune.acting("binh"):
        assert [row.title for row in Case.objects.filter(pk__in=cases)]
    before = len(keyring._secrets)
    keyring.forget()
    monkeypatch.setattr(keyring, "AT_HAND", before - 1)
    with commune.acting("binh"):
        assert [row.title for row in Case.objects.filter(pk__in=cases)]

    assert 0 < len(keyring._secrets) < before
    assert keyring._unwrap.cache_info().maxsize <= 5_000


def test_a_key_of_a_transaction_that_was_rolled_back_is_never_used_again(commune):
    unit, owner, lost = commune.unit.pk, uuid.uuid4(), {}

    class Broken(Exception):
        pass

    with pytest.raises(Broken), unit_context(unit):
        lost["unit"] = keyring.key_for("content", unit, uuid.uuid4())
        lost["owner"] = keyring.key_for("content", unit, owner)
        raise Broken

    with unit_context(unit):
        again = keyring.key_for("content", unit, owner)
    assert again.id != lost["owner"].id
    with unit_context(unit):
        assert keyring.key_for("content", unit, owner).secret == again.secret
        assert set(ContentKey.objects.filter(level="owner").values_list("pk", flat=True)) == {again.id}
        assert keyring.secret("content", again.id) == again.secret


# --- key files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    crypto.make_keys(tmp_path / "keys")
    return tmp_path / "keys"


def test_each_zone_gets_its_own_keys_and_no_others(folder):
    for zone, names in crypto.ZONE_KEYS.items():
        stored = json.loads((folder / f"{zone}.json").read_text())
        assert set(stored) == set(names)
        assert (folder / f"{zone}.json").stat().st_mode & 0o777 == 0o600
        crypto.load_keys(folder / f"{zone}.json", zone=zone)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "vault_private" not in (folder / "web.json").read_text()


def test_key_files_are_never_overwritten(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(crypto.UnsafeKeyFile, match="overwritten"):
        crypto.make_keys(folder)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_text("{not json"), "cannot be read"),
        (lambda path: path.write_text("[]"), "cannot be read"),
        (lambda path: path.chmod(0o644), "open to other users"),
        (lambda path: path.write_text("{}"), "missing .*content_roots"),
        (
            lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"vault_private": "AA=="})),
            "not allowed",
        ),
        (
            lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"context_key": "AA=="})),
            "context_key",
        ),
        (lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"context_key": 5})), "context_key"),
        (
            lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"content_roots": []})),
            "content_roots",
        ),
        (
            lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"content_roots": [{"id": "x"}]})),
            "content_roots",
        ),
    ],
)
def test_an_unsafe_key_file_is_refused_by_name(folder, spoil, says):
    path = folder / "web.json"
    spoil(path)

    with pytest.raises(crypto.UnsafeKeyFile, match=says):
        crypto.load_keys(path, zone="web")
