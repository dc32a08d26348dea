/** A file is read in another way: the address of the plot whose name holds the corrections. */
(() => {
  "use strict";
  const FOUND = "found";
  const board = (window.stageboard = window.stageboard || {});
  const clientside = (window.dash_clientside = window.dash_clientside || {});

  /**
   * The name of a plot with its corrections, as `app/datasets/readings.py` reads it.
   * @param {string} base the plot's own
   * @param {...string} words of the system and the scales, of gaps, of jumps; "found" as recognised
   */
  const readingOf = (base, ...words) => [base, ...words.filter((word) => word && word !== FOUND)].join("~");

  /** The word of an EPSG code. @returns {string|undefined} of a text that is none */
  function wordOf(code) {
    const digits = String(code ?? "").match(/^\s*(?:epsg\s*:?\s*)?(\d{4,6})\s*$/i)?.[1];
    return digits && `epsg-${digits}`;
  }

  Object.assign((clientside.explorer = clientside.explorer || {}), {
    reread(system, code, gap, jump, info, base) {
      if (!info || !base) return clientside.no_update;
      const coded = clientside.callback_context.triggered[0]?.prop_id.startsWith("explorer-epsg.");
      const plot = readingOf(base, coded ? wordOf(code) : system, gap, jump);
      if (plot === info.plot) return clientside.no_update;
      return board.at(`/explorer/${info.dataset}${board.queryOfPlot(info, plot, location.search)}`);
    },
  });

  Object.assign(board, { readingOf });
})();
