"""The way from a registered app to an account that works, and the exchange of its signing secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, text
from zalopolice import crypto
from zalopolice.gateway import checkup, domain, offered, tokens
from zalopolice.gateway.models import ConsoleSeat, DomainProof, OfficialAccount, Setup, WebhookSecret, ZaloApp

NEW = {"name": "Ứng dụng mới", "app_id": "998877665544", "app_secret": "only-typed-once-77", "pkce": "request"}
FILE = '<!DOCTYPE html><html><head><meta name="zalo-platform-site-verification" content="AbC_123-x" /></head></html>'


@pytest.fixture
def admin(commune):
    client = client_of(commune, "huy")
    cast.make_fresh(client)
    return client


@pytest.fixture
def chief(commune):
    return client_of(commune, "binh")


def signed(commune, secret, hours=0.0):
    with commune.zone("owner"):
        WebhookSecret.objects.filter(pk=secret.pk).update(last_used_at=timezone.now() - timedelta(hours=hours))


def secrets(commune, app_id=cast.APP_ID):
    with commune.zone("vault"):
        return list(WebhookSecret.objects.filter(app_id=app_id).order_by("created_at"))


# --- the app ---------------------------------------------------------------------------------------------------------


def test_an_app_is_registered_and_its_secret_reaches_vault_and_webhook_and_no_page(commune, admin, settings):
    answer = admin.post("/zalo/ung-dung/moi/", NEW)

    assert answer.status_code == 302
    page = text(admin.get(answer["Location"]))
    assert NEW["app_secret"] not in page and f"/hook/zalo/{NEW['app_id']}" in page
    with commune.zone("vault"):
        app = ZaloApp.objects.get(app_id=NEW["app_id"])
        assert tokens.app_secret(app) == NEW["app_secret"]
        offered.seal()
        row = WebhookSecret.objects.get(app_id=NEW["app_id"])
    aad = b"zp-secret|" + NEW["app_id"].encode()
    assert crypto.open_sealed(settings.KEYS.webhook_private, bytes(row.sealed), aad).decode() == NEW["app_secret"]
    assert (bytes(row.offered), row.kind) == (b"", "app")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"app_id": "abc"}, "Mã chỉ gồm chữ số"),
        ({"app_id": cast.APP_ID}, "đã được khai"),
        ({"app_secret": "ngắn"}, "Khóa thừa hoặc thiếu ký tự"),
        ({"pkce": "fixed", "verifier": "x"}, "43 đến 128"),
        ({"name": ""}, "Nhập tên gọi"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_the_secret_is_not_drawn_again(admin, change, said):
    answer = admin.post("/zalo/ung-dung/moi/", NEW | change)

    assert answer.status_code in (409, 422) and said in text(answer)
    assert NEW["app_secret"] not in text(answer)


def test_a_fixed_challenge_is_made_from_the_verifier(commune, admin):
    verifier = "Zk3uYtq0oXb8sN2rVw5cLm7pHg4dJf6aQe9RiT1yUxE"
    admin.post("/zalo/ung-dung/moi/", NEW | {"pkce": "fixed", "verifier": verifier})

    with commune.zone("vault"):
        assert ZaloApp.objects.get(app_id=NEW["app_id"]).challenge == "4-_TUyIXS16rEAWVsbYcY75LE0NFVsxwElT2MxzOhuY"


def test_a_secret_posted_without_a_fresh_sign_in_is_dropped_not_carried(commune):
    stale = client_of(commune, "huy")

    answer = stale.post("/zalo/ung-dung/moi/", NEW)

    assert answer.status_code == 302 and answer["Location"] == "/zalo/ung-dung/moi/"
    page = text(stale.get("/zalo/ung-dung/moi/"))
    assert "fresh_password" in page and NEW["app_secret"] not in page
    assert secrets(commune, NEW["app_id"]) == []


def test_the_secret_is_exchanged_without_a_moment_in_which_none_fits(commune, admin):
    app = cast.zalo_app()
    with commune.zone("owner"):
        old = WebhookSecret.objects.create(
            app_id=app.app_id, sealed=b"old", created_at=timezone.now() - timedelta(days=30)
        )
    signed(commune, old)
    page = f"/zalo/ung-dung/{app.pk}/"
    assert "Zalo đang ký tin bằng OA Secret Key." in text(admin.get(page))

    admin.post(f"{page}khoa/", {"kind": "app", "secret": "the-new-secret-1"})
    refused = admin.post(f"{page}khoa/{old.pk}/bo/")
    assert refused.status_code == 409 and "Đợi có tin ký bằng khóa mới" in text(refused)

    new = secrets(commune)[-1]
    signed(commune, new)
    signed(commune, old, hours=23)
    assert "Bỏ khóa này" not in text(admin.get(page))
    still = admin.post(f"{page}khoa/{old.pk}/bo/")
    assert still.status_code == 409 and "Zalo vừa ký tin bằng khóa này" in text(still)
    signed(commune, old, hours=25)
    shown = text(admin.get(page))
    assert "Zalo đang ký tin bằng App Secret." in shown and "khóa cũ, bỏ được" in shown
    assert admin.post(f"{page}khoa/{new.pk}/bo/").status_code == 409
    assert admin.post(f"{page}khoa/{old.pk}/bo/").status_code == 302
    assert [row.pk for row in secrets(commune)] == [new.pk]


# --- the domain ------------------------------------------------------------------------------------------------------


def test_the_file_stands_at_our_address_word_for_word(commune, admin):
    app = cast.zalo_app()
    form = {"name": "zalo_verifierAbC.html", "content": FILE}

    assert admin.post(f"/zalo/ung-dung/{app.pk}/ten-mien/", form).status_code == 302

    answer = Client().get("/zalo_verifierAbC.html")
    assert answer.status_code == 200 and answer.content.decode() == FILE
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Client().get("/zalo_verifierOther.html").status_code == 404


def test_of_two_files_with_one_name_the_newest_is_shown(commune, admin):
    app, newest = cast.zalo_app(), FILE.replace("AbC", "XyZ")
    for content in (FILE, newest):
        form = {"name": "zalo_verifierAbC.html", "content": content}
        assert admin.post(f"/zalo/ung-dung/{app.pk}/ten-mien/", form).status_code == 302

    assert Client().get("/zalo_verifierAbC.html").content.decode() == newest


def test_whoever_finds_an_open_screen_changes_neither_keys_nor_proofs(commune):
    app, client = cast.zalo_app(), client_of(commune, "huy")
    with commune.zone("owner"):
        old = WebhookSecret.objects.create(app_id=app.app_id, sealed=b"old")
        signed(commune, WebhookSecret.objects.create(app_id=app.app_id, sealed=b"new"))
        proof = DomainProof.objects.create(kind="tag", content="abcd")
    page = f"/zalo/ung-dung/{app.pk}/"
    form = {"name": "zalo_verifierAbC.html", "content": FILE}

    for address in (f"{page}khoa/{old.pk}/bo/", f"{page}ten-mien/", f"{page}ten-mien/{proof.pk}/bo/"):
        answer = client.post(address, form)
        assert answer.status_code == 200 and "Xác nhận lại là đồng chí" in text(answer)

    assert len(secrets(commune)) == 2
    with commune.zone("owner"):
        assert DomainProof.objects.count() == 1
    answer = client.post(f"{page}ten-mien/", form | {"fresh_for": "POST", "fresh_password": cast.PASSWORD})
    assert answer.status_code == 302
    assert Client().get("/zalo_verifierAbC.html").status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"name": "index.html", "content": FILE},
        {"name": "zalo_verifier../x.html", "content": FILE},
        {"name": "zalo_verifierA.html", "content": FILE + "<script>alert(1)</script>"},
        {"name": "zalo_verifierA.html", "content": FILE.replace("<meta", '<meta http-equiv="refresh"')},
        {"name": "zalo_verifierA.html", "content": FILE + "<!--><meta name=x content=y>-->"},
        {"name": "zalo_verifierA.html", "content": FILE + "<!---><meta name=x content=y>-->"},
        {"name": "zalo_verifierA.html", "content": FILE + "<!-- --!><meta name=x content=y>-->"},
        {"name": "zalo_verifierA.html", "content": FILE + "<title><!--</title><meta name=x>-->"},
        {"name": "zalo_verifierA.html", "content": FILE + "<?x ><p>"},
        {"name": "zalo_verifierA.html", "content": FILE + "</ <p>"},
        {"name": "zalo_verifierA.html", "content": FILE + '<p><a href="https://elsewhere.example">x</a'},
        {"name": "zalo_verifierA.html", "content": FILE + '<p>http-equiv="refresh"'},
        {"name": "zalo_verifierA.html", "content": "<html></html>"},
        {"content": "không phải mã"},
        {"content": ""},
    ],
)
def test_nobody_puts_a_page_of_their_own_at_our_address(commune, admin, form):
    answer = admin.post(f"/zalo/ung-dung/{cast.zalo_app().pk}/ten-mien/", form)

    assert answer.status_code in (409, 422)
    with commune.zone("owner"):
        assert not DomainProof.objects.exists()


def test_the_code_of_a_tag_is_kept_alone():
    assert domain.code_of('<meta name="zalo-platform-site-verification" content="Qw3rty_x" />') == "Qw3rty_x"
    assert domain.code_of(" Qw3rty_x ") == "Qw3rty_x"
    assert domain.code_of("<meta content='a b'>") == ""


# --- the account -----------------------------------------------------------------------------------------------------


def test_the_chief_declares_an_account_once_in_the_own_unit(commune, other_commune, chief):
    form = {"app": str(cast.zalo_app().pk), "oa_id": "2720105559876599999", "name": "CA phường"}

    answer = chief.post("/zalo/khai-bao/", form)

    assert answer.status_code == 302
    with commune.zone("vault"):
        made = OfficialAccount.objects.get(oa_id=form["oa_id"])
    assert made.unit_id == commune.unit.pk and made.connected_at is None
    other = client_of(other_commune, "binh").post("/zalo/khai-bao/", form)
    assert other.status_code == 409 and "đã được khai" in text(other)


def test_each_step_is_shown_as_it_stands_and_can_be_done_again(commune, chief):
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=None)
    page = f"/zalo/khai-bao/{commune.oa.pk}/"
    assert text(chief.get(page)).count("chưa xong") == 5

    for point in ("events", "syntax", "keywords", "events", "nothing"):
        assert chief.post(f"{page}xac-nhan/", {"point": point}).status_code == 302
    for name in ("Thiếu tá Trần Thị Dung", "Đại úy Lê Mạnh Cường"):
        chief.post(f"{page}nguoi-giu/", {"holder": name})
    with commune.zone("owner"):
        secret = WebhookSecret.objects.create(app_id=cast.APP_ID, sealed=b"x", kind="app")
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=timezone.now())
        Setup.objects.update(findings=dict.fromkeys(checkup.QUESTIONS, 0), checked_at=timezone.now())
    signed(commune, secret)

    shown = text(chief.get(page))
    assert "chưa xong" not in shown and "Ứng dụng đã nhận tin của Zalo; OA này chưa có tin nào." in shown
    assert "Zalo đã báo tin" not in shown  # for another account it did
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(last_event_at=timezone.now())
    shown = text(chief.get(page))
    assert "Zalo đã báo tin, ký bằng App Secret." in shown and "chưa có tin nào" not in shown
    with commune.acting("binh"):
        assert set(Setup.objects.get().confirmed) == {"events", "syntax", "keywords"}


def test_nobody_is_stopped_at_a_step_that_another_takes(commune, chief, admin):
    with commune.zone("owner"):
        unset = OfficialAccount.objects.filter(pk=commune.oa.pk)
        unset.update(connected_at=None)
        WebhookSecret.objects.create(app_id=cast.APP_ID, sealed=b"x", last_used_at=timezone.now())
    page = f"/zalo/khai-bao/{commune.oa.pk}/"

    def now(client):
        return [(place, one.label) for place, one in enumerate(client.get(page).context["steps"]) if one.state == "now"]

    assert now(chief) == [(3, "Khai trên Zalo")] and now(admin) == [(1, "Tên miền")]
    theirs = "Tên miền: quản trị hệ thống đặt."
    assert theirs in text(chief.get(page)) and theirs not in text(admin.get(page))
    with commune.zone("owner"):
        DomainProof.objects.create(kind="tag", content="AbC")
    assert theirs not in text(chief.get(page)) and "1. " not in text(chief.get(page))


def test_seats_end_and_are_confirmed(commune, chief):
    page = f"/zalo/khai-bao/{commune.oa.pk}/"
    assert chief.post(f"{page}nguoi-giu/", {"holder": " "}).status_code == 422
    chief.post(f"{page}nguoi-giu/", {"holder": "Trần Thị Dung"})
    with commune.zone("owner"):
        ConsoleSeat.objects.update(confirmed_at=timezone.now() - timedelta(days=40))
    chief.post(f"{page}nguoi-giu/dung/")
    with commune.acting("binh"):
        seat = ConsoleSeat.objects.get()
    assert timezone.now() - seat.confirmed_at < timedelta(minutes=1)

    chief.post(f"{page}nguoi-giu/{seat.pk}/thoi/")

    assert "Trần Thị Dung" not in text(chief.get(page))
    assert chief.post(f"{page}nguoi-giu/{seat.pk}/thoi/").status_code == 404


def test_zalo_is_asked_which_permissions_the_app_holds(commune, chief, zalo, zone):
    with zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=timezone.now(), oa_id="1")
    cast.give_token(commune)
    zalo.scripts["getslice"].append({"error": -223, "message": "no permission"})
    page = f"/zalo/khai-bao/{commune.oa.pk}/"
    chief.post(f"{page}hoi-zalo/")
    assert "Đang hỏi Zalo." in text(chief.get(page))

    with zone("vault"):
        checkup.ask_again(Setup.objects.get().pk)

    with commune.acting("binh"):
        found = Setup.objects.get().findings
    assert found["profile"] == 0 and found["articles"] == -223
    shown = text(chief.get(page))
    assert "ứng dụng chưa được cấp quyền này" in shown and "Đang hỏi Zalo." not in shown


def test_the_token_of_another_account_is_found_out(commune, chief, zalo, zone):
    with zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=timezone.now())
    cast.give_token(commune)
    chief.post(f"/zalo/khai-bao/{commune.oa.pk}/hoi-zalo/")

    with zone("vault"):
        checkup.ask_again(Setup.objects.get().pk)

    assert "quyền này của một OA khác" in text(chief.get(f"/zalo/khai-bao/{commune.oa.pk}/"))


@pytest.mark.parametrize("name", ["an", "cuong", "giang", "khanh"])
def test_for_others_there_are_no_such_pages(commune, name):
    client = client_of(commune, name)

    for page in ("/zalo/ung-dung/", "/zalo/ung-dung/moi/", "/zalo/khai-bao/", f"/zalo/khai-bao/{commune.oa.pk}/"):
        assert client.get(page).status_code == 404, page


def test_the_deputy_looks_and_does_not_act(commune):
    deputy = client_of(commune, "dung")
    page = f"/zalo/khai-bao/{commune.oa.pk}/"

    assert deputy.get(page).status_code == 200
    assert deputy.post(f"{page}xac-nhan/", {"point": "events"}).status_code == 403


def test_accounts_of_other_units_are_not_there(commune, other_commune, chief):
    assert chief.get(f"/zalo/khai-bao/{other_commune.oa.pk}/").status_code == 404
    assert chief.post(f"/zalo/khai-bao/{other_commune.oa.pk}/nguoi-giu/", {"holder": "A"}).status_code == 404
