/** A plot that is being prepared: its progress, and what to do where it fails. */
(() => {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});

  /** Say that it failed: the page's heading, and its ways on, which stand there unseen until then. */
  function fail(message) {
    const box = document.querySelector(".preparing");
    if (!box) return;
    box.dataset.state = "failed";
    box.setAttribute("role", "alert");
    box.querySelector("h1").textContent = box.dataset.failure;
    box.querySelector(".preparing-why").textContent = message.charAt(0).toUpperCase() + message.slice(1);
  }

  Object.assign((clientside.explorer = clientside.explorer || {}), {
    /** Stop preparing a plot; its events say so. */
    stopPreparing(clicks, url) {
      if (clicks) fetch(url, { method: "DELETE" });
    },

    /** Progress of a plot that is being prepared, from its events. */
    preparing(text) {
      const { fraction = 0, message = "", done = false, error = "" } = text ? JSON.parse(text) : {};
      if (error) fail(error);
      else if (done) location.reload();
      return [Math.round(fraction * 100), error ? "" : message];
    },
  });
})();
