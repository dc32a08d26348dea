/** The address of a picture of what is seen, which the server draws pixel for pixel. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const SENT = ["aggregate", "field", "normalization", "cmap", "range", "category", "data_opacity"];

  /**
   * @param {object} info as `plot_info` gives it
   * @param {object} look as it is drawn, with the radius in use
   * @param {{x0: number, x1: number, y0: number, y1: number}} rect what is in view, in pixels: no rounding can move it
   * @param {number} z of its tiles
   * @param {"dark"|"light"} ground
   */
  function exportAddress(info, look, { x0, x1, y0, y1 }, z, ground) {
    const query = new URLSearchParams({ width: x1 - x0, height: y1 - y0, view: [z, x0, y0].join(","), ground, spreading: look.radius });
    for (const name of SENT) {
      if (String(look[name] ?? "") && !(name === "field" && look.aggregate === "count") && !(name === "category" && look.aggregate !== "by")) query.set(name, String(look[name]));
    }
    return board.at(`/image/${info.dataset}/${info.plot}.png?${query}`);
  }

  Object.assign(board, { exportAddress });
})();
