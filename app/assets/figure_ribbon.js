/** What the Figure's ribbon says of an action. Pure functions. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  /** The stages of the ribbon: what became of each for a picture, or that the browser alone drew anew. */
  function rows(picture, here) {
    return picture.events.map(({ stage, how, ms, bytes }) => {
      const ran = !here && (how === "ran" || how === "shared");
      const stored = how === "memory" || how === "disk";
      return { name: stage, how: ran ? "ran" : "reused", where: ran ? "server" : stored ? how : "", ms: ran ? ms : 0, bytes: ran ? bytes : 0 };
    });
  }

  const NAMES = { cmap: "colormap", normalization: "normalisation", data_opacity: "data opacity", xlog: "scale of x", ylog: "scale of y", theme: "light or dark", open: "opened", category: "category brought out" };

  /** One sentence about an action. */
  function summary(changed, stages, picture, here, latency) {
    const ran = stages.filter((row) => row.how === "ran");
    const spent = ran.reduce((sum, row) => sum + row.ms, 0);
    const title = changed.map((name) => NAMES[name] || name).join(", ");
    const did = ran.length ? `${ran.map((row) => row.name).join(", ")} ran on the server in ${board.format.ms(spent)}` : "no stage re-ran";
    const got = here ? "nothing requested" : `a picture of ${board.format.bytes(picture.bytes)}`;
    return `${title[0].toUpperCase()}${title.slice(1)}: ${did}; ${got}. On screen after ${Math.round(latency)} ms.`;
  }

  Object.assign(board, { figureRows: rows, figureSummary: summary });
})();
