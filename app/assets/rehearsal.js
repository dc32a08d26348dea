/**
 * Rehearsal: at rest, what draws runs on small tiles of its own. A browser compiles code as it finds it used, and the
 * user's first mean or first spreading would wait for that.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const APRON = 8;
  const ROWS = 48;
  const TYPES = [Uint16Array, Uint8Array, Uint32Array, Float32Array, Float64Array];
  /** One cell of so many is filled: spreading takes one way where many are, another where few are. */
  const GAPS = [1, 97];
  const TIMES = 3;
  const PALETTE = { colours: [[0, 0, 0], [255, 255, 255]], css: "" };
  const rehearsal = { begun: false, done: false };
  let drawn = 0;

  function tileOf(Type, gap) {
    const side = board.TILE + 2 * APRON;
    const float = Type.name.startsWith("Float");
    const values = new Type(side * side).fill(float ? NaN : 0);
    for (let at = 0; at < values.length; at += gap) values[at] = 1 + ((at * 7919) % 251);
    return { values, apron: APRON, size: board.TILE, planes: 1, float };
  }

  /** All looks at a type of tile: each is a few milliseconds. */
  function* looks() {
    for (const Type of TYPES) {
      for (const gap of GAPS) {
        const tile = tileOf(Type, gap);
        const aggregate = tile.float ? "mean" : "count";
        for (const radius of [0, 2]) {
          for (const normalization of gap === 1 ? ["eq_hist", "log"] : ["eq_hist"]) yield { tile, look: { aggregate, radius, normalization, range: [0, 100], palette: PALETTE } };
        }
      }
    }
  }

  function draw(shader, pen, { tile, look }) {
    const part = { x0: 0, x1: tile.size, y0: 0, y1: ROWS };
    for (let time = 0; time < TIMES; time++) {
      tile.grid = null;
      shader.survey([{ tile, part }], look, `${drawn++}`);
      shader.paint(pen, tile, look, part);
    }
  }

  /** Rehearse, once a page, while nothing else is to do. */
  function rehearse() {
    if (rehearsal.begun || !window.requestIdleCallback) return;
    rehearsal.begun = true;
    const shader = new board.Shader();
    const pen = Object.assign(document.createElement("canvas"), { width: board.TILE, height: board.TILE }).getContext("2d");
    const all = looks();
    const go = () => {
      const { value, done } = all.next();
      rehearsal.done = done;
      if (done) return;
      draw(shader, pen, value);
      requestIdleCallback(go);
    };
    requestIdleCallback(go);
  }

  Object.assign(board, { rehearse, rehearsal });
})();
