"""Lists, the editor, the page of a post and its picture. What people decide is in ``broadcasts/acts.py``."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from broadcasts import actions, audience, reading
from broadcasts.forms import PostForm, Say, Submit
from broadcasts.models import PostImage, PostVersion
from zalopolice.forms import attempt
from zalopolice.paging import page
from zalopolice.units.models import Membership
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

PICTURE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@require_GET
def posts(request: OfficerRequest) -> HttpResponse:
    by = request.user
    if not by.may(Permission.POST_READ):
        raise Http404
    tab = reading.tab(request.GET.get("muc"), by)
    rows = PostVersion.objects.visible_to(by).filter(is_latest=True, status__in=tab.statuses)
    people = ("submitted_by", "approved_by", "post__created_by")
    found = page(rows.select_related(*people), tab.order, request.GET.get("sau"))
    numbers, trouble = reading.counts(by), reading.trouble(found.rows)
    context = {
        "rows": [(row, trouble.get(row.pk), *reading.STATUS_LOOK[reading.Status(row.status)]) for row in found.rows],
        "following": found.following,
        "tab": tab,
        "tabs": [
            {"href": f"?muc={one.slug}", "label": one.label, "count": numbers[one.slug], "current": one is tab}
            for one in reading.TABS
        ],
        "writes": by.may(Permission.POST_WRITE),
        "at": "posts",
    }
    return render(request, "broadcasts/posts.html", context)


def latest(request: OfficerRequest, pk: uuid.UUID) -> PostVersion:
    """The newest version of a post one may see."""
    rows = PostVersion.objects.visible_to(request.user).select_related(
        "submitted_by", "approved_by", "post__created_by"
    )
    return get_object_or_404(rows, post=pk, is_latest=True)


@require_GET
def post(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return post_page(request, latest(request, pk))


def post_page(request: OfficerRequest, version: PostVersion, status: int = 200, **bound: Form) -> HttpResponse:
    context = reading.page(version, request.user)
    context |= {"submit": Submit(initial={"revision": version.revision}), "say": Say(auto_id="say_%s")}
    return render(request, "broadcasts/post.html", context | bound, status=status)


@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    by = request.user
    if not by.may(Permission.POST_READ):
        raise Http404
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    return _editor(request, None, lambda form: actions.create(form.draft(), by=by))


@require_http_methods(["GET", "POST"])
def edit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    version, by = latest(request, pk), request.user
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    return _editor(
        request,
        version,
        lambda form: actions.edit(version, form.draft(), by=by, revision=form.cleaned_data["revision"]),
    )


def _editor(
    request: OfficerRequest, version: PostVersion | None, verb: Callable[[PostForm], PostVersion]
) -> HttpResponse:
    """The empty or filled editor; after a save the page of the post, after a complaint everything as it was typed."""
    by = request.user
    accounts = audience.accounts_of(by)
    saved: list[PostVersion] = []
    status = 200
    if request.method == "POST":
        form = PostForm(request.POST, request.FILES, by=by, accounts=accounts)
        status = attempt(form, lambda: saved.append(verb(form)))
        if saved:
            messages.success(request, _("Đã lưu bản %(number)s.") % {"number": saved[0].number})
            return redirect("post", saved[0].post_id)
    else:
        form = PostForm.of(version, by=by, accounts=accounts)
    context = {"form": form, "version": version, "at": "posts", "editable": reading.Status.DRAFT}
    return render(request, "broadcasts/edit.html", context, status=status)


@require_POST
def submit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    version, by = latest(request, pk), request.user
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    form = Submit(request.POST)
    if status := attempt(form, lambda: actions.submit(version, by=by, **form.cleaned_data)):
        return post_page(request, latest(request, pk), status, refused=form)
    said = _("Đã gửi duyệt bản %(number)s.") % {"number": version.number}
    if not Membership.objects.visible_to(by).others_who_may(Permission.POST_APPROVE, by, version.writers).exists():
        nobody = _(
            "Trong đơn vị chưa có ai khác được duyệt bài này: Trưởng đơn vị vào “Cán bộ và vai trò” giao cho một "
            "Phó Trưởng không soạn bài, có văn bản ủy quyền."
        )
        said = f"{said} {nobody}"
    messages.success(request, said)
    return redirect("post", pk)


@require_POST
def say(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    version, by = latest(request, pk), request.user
    form = Say(request.POST, auto_id="say_%s")
    if status := attempt(form, lambda: actions.say(version, by=by, **form.cleaned_data)):
        return post_page(request, version, status, say=form)
    return redirect("post", pk)


@require_GET
def cover(request: OfficerRequest, sha256: str) -> HttpResponse:
    """A cover of the unit, also one nobody has approved."""
    image = get_object_or_404(PostImage.objects.visible_to(request.user), sha256=sha256)
    headers = {**PICTURE_HEADERS, "Cache-Control": "private, max-age=3600"}
    return HttpResponse(image.data, content_type="image/jpeg", headers=headers)
