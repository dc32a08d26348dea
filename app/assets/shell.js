/* The frame of every page: the colour scheme, the current link, the phone's menu, and pictures that come late. */
(function () {
  "use strict";
  const KEY = "mantine-color-scheme-value"; // Mantine's own key, so that it reads at mount what was chosen here
  const SCHEMES = ["light", "dark", "auto"];
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const RETRIES = [1500, 3000, 6000, 12000, 24000];

  function stored() {
    const value = localStorage.getItem(KEY);
    return SCHEMES.includes(value) ? value : "auto";
  }

  /* Mantine listens to storage events, which a browser sends to other tabs only: send one to this tab too. */
  function choose(value) {
    if (!SCHEMES.includes(value) || value === stored()) return;
    localStorage.setItem(KEY, value);
    window.dispatchEvent(new StorageEvent("storage", { key: KEY, newValue: value, storageArea: localStorage }));
  }

  /* Another tab chose: Mantine follows by itself, the control does not. */
  window.addEventListener("storage", (event) => {
    if (event.key === KEY && document.getElementById("shell-scheme")) clientside.set_props("shell-scheme", { value: stored() });
  });

  function markCurrent(pathname) {
    for (const link of document.querySelectorAll("a[data-section]")) {
      const section = link.dataset.section;
      const here = section.endsWith("/") ? pathname === section : pathname === section || pathname.startsWith(section + "/");
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /* An image that the server is still preparing answers with an error: ask again, ever less often. */
  function retry(image) {
    const box = image.closest("[data-late]");
    const tries = Number(image.dataset.tries || 0);
    if (!box || tries >= RETRIES.length) return box && box.setAttribute("data-late", "failed");
    image.dataset.tries = tries + 1;
    const address = image.getAttribute("src").split("#")[0];
    setTimeout(() => image.isConnected && image.setAttribute("src", address + "#" + (tries + 1)), RETRIES[tries]);
    box.setAttribute("data-late", "waiting");
  }

  /* Pictures come on a ladder of powers of two, so that the data may fill but half of one: return the transform that
     brings them closer, at most twofold. */
  function fit(image) {
    const [width, height] = [96, 60];
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    brush.drawImage(image, 0, 0, width, height);
    const pixels = brush.getImageData(0, 0, width, height).data;
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let at = 0; at < width * height; at++) {
      if (pixels[4 * at + 3] < 24) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    }
    if (right < 0) return "none";
    const scale = Math.min(2, 0.96 * Math.min(width / (right + 1 - left), height / (bottom + 1 - top)));
    if (scale < 1.05) return "none";
    const shift = (middle, size) => `${(50 - (100 * middle) / size).toFixed(1)}%`;
    return `scale(${scale.toFixed(3)}) translate(${shift((left + right + 1) / 2, width)}, ${shift((top + bottom + 1) / 2, height)})`;
  }

  document.addEventListener("error", (event) => event.target.tagName === "IMG" && retry(event.target), true);
  document.addEventListener("load", (event) => {
    const box = event.target.tagName === "IMG" && event.target.closest("[data-late]");
    if (!box) return;
    box.setAttribute("data-late", "shown");
    box.style.setProperty("--fit", fit(event.target));
  }, true);

  clientside.shell = {
    scheme: (value) => { choose(value); return clientside.no_update; },
    restore: () => stored(),
    navigated: (pathname) => {
      markCurrent(pathname);
      const { early } = window.stageboard || {};
      if (early && early.path !== pathname) early.remove();
      return false;
    },
    menu: (opened) => Boolean(opened),
    closed: (opened) => (opened ? clientside.no_update : false),
  };
})();
