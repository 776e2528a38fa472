/* Niceties only: every page works without this file. */
(function () {
  "use strict";
  var page = document;

  // Words about something done float for eight seconds, longer while somebody reads them.
  function float(box) {
    box.classList.add("floating");
    box.querySelectorAll(".toast").forEach(function (toast) {
      var left = 8;
      var timer = setInterval(function () {
        if (toast.matches(":hover") || toast.contains(page.activeElement)) { left = 8; return; }
        left -= 1;
        if (left === 1) { toast.classList.add("going"); }
        if (left < 1) { clearInterval(timer); toast.remove(); }
      }, 1000);
    });
  }
  page.querySelectorAll(".toasts").forEach(function (box) {
    if (box.querySelector(".toast") && !box.id && !box.hasAttribute("data-still")) { float(box); }
  });

  // The page asks for its counters; when it meets the door instead, the session has ended: say so, once.
  page.addEventListener("htmx:afterRequest", function (event) {
    var where = event.detail.xhr.responseURL || "";
    var ended = page.getElementById("ended");
    if (ended) { ended.hidden = where.indexOf("/dang-nhap/") < 0; }
  });

  // A menu closes on Escape and when the officer goes on elsewhere.
  page.addEventListener("click", function (event) {
    page.querySelectorAll("details.account[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
  });
  page.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    page.querySelectorAll("details.account[open]").forEach(function (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // The first field to mend; a refusal of the whole form has the focus by itself.
  var wrong = page.querySelector("main [aria-invalid=true]");
  if (wrong && !page.querySelector("main [autofocus]")) { wrong.focus(); }

  // The same form is not sent twice by a nervous thumb.
  page.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(function () { delete form.dataset.sent; }, 3000);
  });
  window.addEventListener("pageshow", function () {
    page.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
}());
