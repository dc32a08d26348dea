/**
 * Back and forward: each entry of the history is an action, and the page that stands shows what it was.
 *
 * An entry of another page, data set or plot is Dash's to open. One of the Explorer's own is shown in place: nothing is
 * built anew, and what the page holds is drawn at once. What cannot be shown in place is loaded.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  /** A control's value from its text in an address, of the type that its default has. */
  function valueOf(text, usual) {
    if (text === null) return usual;
    if (Array.isArray(usual)) return text.split(",").map(Number);
    if (typeof usual === "boolean") return text === "1" || text === "true";
    return typeof usual === "number" ? Number(text) : text;
  }

  /**
   * What an address of the Explorer shows; null where it is of another plot.
   * @param {object} info as the page has it
   * @param {string} search
   * @returns {{look: object, bounds: number[]|null}|null}
   */
  function shownBy(info, search) {
    const query = new URLSearchParams(search);
    if ((query.get("plot") ?? info.defaults.plot) !== info.plot) return null;
    const names = [...info.controls.map(([id]) => id.replace("explorer-", "")), "category"];
    const look = Object.fromEntries(names.map((name) => [name, valueOf(query.get(name), info.defaults[name])]));
    const fits = board.fittingFields(info, look.aggregate);
    if (look.aggregate !== "count" && !fits.some(({ name }) => name === look.field)) look.field = fits[0]?.name || "";
    const bounds = query.get("bounds")?.split(",").map(Number) ?? null;
    return { look, bounds };
  }

  /** Write a look into the controls, without their telling of it one by one. */
  function setControls(info, look) {
    const fits = board.fittingFields(info, look.aggregate);
    const more = {
      "explorer-field": { data: fits.map((one) => ({ value: one.name, label: one.title })), disabled: !fits.length },
      "explorer-cmap": { disabled: look.aggregate === "by" },
    };
    board.quietly(() => {
      for (const [id, prop] of info.controls) {
        const name = id.replace("explorer-", "");
        const value = name === "field" && !fits.length ? null : look[name];
        if (document.getElementById(id)) dash_clientside.set_props(id, { ...more[id], [prop]: value });
      }
    });
  }

  /** Show in place what the address says. @returns {boolean} whether that could be done */
  function restore(page) {
    if (location.pathname !== page.path) return false;
    // How the page opened, which may be written otherwise than the page writes it.
    const shown = location.search === page.first.search ? page.first : shownBy(page.info, location.search);
    if (!shown) return false;
    page.address.moved();
    setControls(page.info, shown.look);
    page.show(shown);
    // What it shows is what the entry says, in other words perhaps.
    page.address.moved();
    return true;
  }

  /** Whether Dash, which is not told of what the page writes itself, takes the address for one that it shows already. */
  function knownToDash() {
    try {
      const { pathname, search } = dash_component_api.getLayout("_pages_location").props;
      return pathname === location.pathname && (search || "") === location.search;
    } catch {
      return false;
    }
  }

  window.addEventListener("popstate", (event) => {
    if (board.explorer && restore(board.explorer)) event.stopImmediatePropagation();
    else if (knownToDash() && (document.getElementById("explorer-told") || document.getElementById("figure-stage"))) location.reload();
  }, { capture: true });

  Object.assign(board, { shownBy });
})();
