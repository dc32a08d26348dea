/** The whole view in the page's address, written without a callback and without a request. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const ORDER = ["plot", "aggregate", "field", "normalization", "cmap", "spreading", "range", "category", "basemap", "data_opacity", "map_opacity", "labels"];

  /** Text of a control's value in the address. */
  const text = (value) => (Array.isArray(value) ? value.join(",") : typeof value === "boolean" ? String(Number(value)) : String(value));

  /** A number has so many digits at most. */
  const DIGITS = 17;

  /** A bound, to a ten-thousandth of a pixel as far as it has the digits. */
  function rounded(value, pixel) {
    const digits = Math.ceil(Math.log10(Math.abs(value) / pixel)) + 4;
    return String(Number(value.toPrecision(Math.max(1, Math.min(DIGITS, digits || 1))))).replace("e+", "e");
  }

  /**
   * The address of a view: only what differs from how the plot opens.
   * @param {object} look the controls' values
   * @param {object} defaults how the plot opens; `plot` is the data set's first
   * @param {number[]|null} bounds x0, x1, y0, y1 in data units; null for the opening view
   * @param {number[]|null} steps data units a pixel at each bound
   * @returns {string} "" or "?..."
   */
  function query(look, defaults, bounds, steps) {
    const parts = [];
    for (const name of ORDER) {
      if (look[name] === undefined || look[name] === null || text(look[name]) === text(defaults[name] ?? "")) continue;
      if (name === "field" && look.aggregate === "count") continue;
      if (name === "category" && look.aggregate !== "by") continue;
      parts.push(`${name}=${encodeURIComponent(text(look[name])).replaceAll("%2C", ",")}`);
    }
    if (bounds) parts.push(`bounds=${bounds.map((value, i) => rounded(value, steps[i])).join(",")}`);
    return parts.length ? `?${parts.join("&")}` : "";
  }

  class Address {
    constructor() {
      this.timer = 0;
    }

    /** Write soon; the last of a quick series counts. */
    write(search) {
      this.search = search;
      this.path = location.pathname;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), 150);
    }

    /** Write now. */
    flush() {
      clearTimeout(this.timer);
      // Another page's address is not this view's to write.
      if (this.search === undefined || this.search === location.search || this.path !== location.pathname) return;
      history.replaceState(history.state, "", location.pathname + this.search + location.hash);
    }

    remove() {
      clearTimeout(this.timer);
    }
  }

  const root = document.documentElement.dataset.root || "";

  /** An address of the app as the browser must ask for it: under the path that the app is served under. */
  const at = (path) => root + path;

  Object.assign(board, { at, Address, addressQuery: query });
})();
