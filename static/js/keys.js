// Keys of a device (WebAuthn), and printing. Without this file the pages say what to do instead.
(function () {
  "use strict";
  function ready() {
    const form = document.querySelector("form[data-key]");
    if (form && window.webauthnJSON && window.webauthnJSON.supported()) armed(form);
    const print = document.querySelector("[data-print]");
    if (print) {
      print.hidden = false;
      print.addEventListener("click", function () { window.print(); });
    }
  }
  function armed(form) {
    const button = form.querySelector("[data-key-button]");
    const failed = form.querySelector("[data-key-failed]");
    const without = form.querySelector("[data-key-without]");
    const name = form.querySelector("input[name=name]");
    button.hidden = false;
    if (without) without.hidden = true;
    button.addEventListener("click", async function () {
      if (name && !name.value.trim()) {
        name.focus();
        return;
      }
      failed.hidden = true;
      button.disabled = true;
      try {
        const asked = JSON.parse(form.dataset.options);
        form.querySelector("input[name=key]").value = JSON.stringify(await window.webauthnJSON[form.dataset.key](asked));
        form.submit();
      } catch (refused) {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
