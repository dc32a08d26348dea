/**
 * Colours: palettes as the page ships them, and how one is laid on the ground under the data.
 *
 * Low values take the end of a palette that is nearest to the ground, and the shades that the ground would swallow are
 * left out. So few points fade into a dark map and into a light one alike, and none is lost: the idiom of
 * `datashader.utils.colormap_select(start, reverse=background != "black")`. Readers expect it too (Schloss, Gramazio,
 * Silverman, Parker, Wang: Mapping Color to Meaning in Colormap Data Visualizations, IEEE TVCG 2019).
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const CLOSE = 16;
  const MOST = 64;
  const GROUND = { dark: 8, light: 96 };
  const prepared = new Map();

  /** CIE lightness, 0 to 100, of an sRGB colour. */
  function lightness(r, g, b) {
    const line = (c) => (c <= 10 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const y = 0.2126 * line(r) + 0.7152 * line(g) + 0.0722 * line(b);
    return y <= 0.008856 ? y * 903.3 : 116 * Math.cbrt(y) - 16;
  }

  /** Read "rrggbb" times n. @returns {number[][]} */
  function parse(text) {
    const clean = text.replaceAll("#", "");
    const colours = [];
    for (let at = 0; at < clean.length; at += 6) {
      const value = parseInt(clean.slice(at, at + 6), 16);
      colours.push([value >> 16, (value >> 8) & 255, value & 255]);
    }
    return colours;
  }

  /**
   * The colours in use on a ground.
   * @param {string} name
   * @param {string} text its colours, "rrggbb" one after the other
   * @param {"dark"|"light"} ground
   * @returns {{colours: number[][], reversed: boolean, css: string}} low values first
   */
  function palette(name, text, ground) {
    const key = `${name} ${ground}`;
    if (!prepared.has(key)) prepared.set(key, lay(parse(text), GROUND[ground]));
    return prepared.get(key);
  }

  function lay(colours, ground) {
    const away = (colour) => Math.abs(lightness(...colour) - ground);
    const reversed = away(colours[0]) > away(colours.at(-1)) + 10;
    const ordered = reversed ? [...colours].reverse() : colours;
    let start = 0;
    while (start < MOST && away(ordered[start]) < CLOSE) start++;
    const kept = ordered.slice(start);
    return { colours: kept, reversed, css: gradient(kept) };
  }

  /** A CSS gradient of about 24 stops. */
  function gradient(colours) {
    const stops = Array.from({ length: 25 }, (_, i) => colours[Math.round((i / 24) * (colours.length - 1))]);
    return `linear-gradient(90deg, ${stops.map((c) => `rgb(${c.join(",")})`).join(", ")})`;
  }

  /** The colour of a level, the bytes r, g, b, a in memory; between two colours interpolated and cut, in whole numbers. */
  function colourOf(colours, level) {
    const at = (level - 1) * (colours.length - 1);
    const below = Math.min(Math.floor(at / board.STEPS), colours.length - 2);
    const a = colours[below];
    const b = colours[below + 1];
    const part = at - below * board.STEPS;
    return ((255 << 24) | (mix(a[2], b[2], part) << 16) | (mix(a[1], b[1], part) << 8) | mix(a[0], b[0], part)) >>> 0;
  }

  const mix = (a, b, part) => Math.floor((a * (board.STEPS - part) + b * part) / board.STEPS);

  /** A table by code, where code 0 is empty and code i + 1 has the level at i. @returns {Uint32Array} */
  function byCode(levels, of) {
    const table = new Uint32Array(levels.length + 1);
    for (let i = 0; i < levels.length; i++) table[i + 1] = of(levels[i]);
    return table;
  }

  /** Colours of codes. */
  const levelColours = ({ colours }, levels) => byCode(levels, (level) => colourOf(colours, level));

  /** Colours of all levels; made once a palette. @returns {Uint32Array} */
  function colourTable(palette) {
    if (palette.table) return palette.table;
    palette.table = new Uint32Array(board.STEPS + 2);
    for (let level = 1; level <= board.STEPS + 1; level++) palette.table[level] = colourOf(palette.colours, level);
    return palette.table;
  }

  /** Of 256: how much of their opacity other cells keep beside a category that is brought out. */
  const FADED = 77;

  /** Alpha of codes, from 40 up, as `tf.shade` has it for categories; to be joined with each cell's mixed colour. */
  function alphas(levels, faded = false) {
    const of = (level) => Math.floor((40 * board.STEPS + 215 * (level - 1)) / board.STEPS);
    return byCode(levels, (level) => ((faded ? (of(level) * FADED) >> 8 : of(level)) << 24) >>> 0);
  }

  Object.assign(board, { palette, levelColours, colourTable, alphas, parseColours: parse, lightness });
})();
