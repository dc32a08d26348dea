/** The stage ribbon: after each action, which stages were reused, ran on the server, or ran in the browser. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const STAGES = ["source", "grid", "spread", "stats", "index", "encode"];
  const NAMES = {
    cmap: "colormap", normalization: "normalisation", data_opacity: "data opacity", map_opacity: "map opacity", basemap: "base map",
    theme: "light or dark", open: "opened", category: "category brought out", history: "back or forward", all: "all rows shown",
  };
  const ms = (value) => board.format.ms(value);

  /** What the server and the caches did for an action, from its tiles' facts. */
  function gridRow(facts) {
    const tiles = { ran: 0, hits: 0, ahead: facts.filter((fact) => fact.ahead).length };
    let [spent, bytes] = [0, 0];
    const asked = facts.filter((fact) => fact.where === "server");
    for (const { where, timing, bytes: size } of facts) {
      if (where === "server" && timing.grid?.how === "ran") {
        // One call computes all the missing tiles of a view; the others' answers then come from the store.
        tiles.ran += timing.grid.parts || 1;
        spent = Math.max(spent, timing.grid.ms);
      }
      bytes += size;
    }
    tiles.ran = Math.min(tiles.ran, facts.length);
    tiles.hits = facts.length - tiles.ran;
    const where = asked.length ? "server" : facts.length ? "cache" : "";
    return { name: "grid", how: tiles.ran ? "ran" : "reused", where, ms: spent, bytes, tiles };
  }

  function sourceRow(facts) {
    const ran = facts.filter(({ timing }) => timing.source?.how === "ran");
    return { name: "source", how: ran.length ? "ran" : "reused", where: ran.length ? "server" : "", ms: Math.max(0, ...ran.map((one) => one.timing.source.ms)), bytes: 0 };
  }

  /**
   * The rows of an action.
   * @param {object[]} facts one a tile that was fetched, as `fetchTile` gives them
   * @param {Object<string, number>} costs ms of each stage that ran in the browser
   * @returns {{name: string, how: "ran"|"reused"|"browser", where: string, ms: number, bytes: number, tiles?: object}[]}
   */
  function stageRows(facts, costs) {
    const here = STAGES.slice(2).map((name) => ({ name, how: name in costs ? "browser" : "reused", where: name in costs ? "browser" : "", ms: costs[name] || 0, bytes: 0 }));
    return [sourceRow(facts), gridRow(facts), ...here];
  }

  const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

  /** One sentence about an action. */
  function summary({ changed, stages, preview, latency }) {
    const title = changed.map((name) => NAMES[name] || name).join(", ");
    const here = stages.filter((row) => row.how === "browser");
    const spent = here.reduce((sum, row) => sum + row.ms, 0);
    const parts = [here.length ? `${plural(here.length, "stage")} in the browser, ${ms(spent)}` : "no stage re-ran"];
    const { tiles, bytes, ms: took, where } = stages[1];
    if (tiles.ran) parts.push(`${plural(tiles.ran, "tile")} computed, ${ms(took)}`);
    if (tiles.hits) parts.push(`${plural(tiles.hits, "tile")} reused${tiles.ahead ? `, ${tiles.ahead} prefetched` : ""}`);
    parts.push(where === "server" ? `${board.format.bytes(bytes)} received` : "nothing requested");
    const first = preview ? `, a preview after ${Math.round(preview)}` : "";
    return `${title[0].toUpperCase()}${title.slice(1)}: ${parts.join("; ")}. ${Math.round(latency)} ms to the screen${first}.`;
  }

  function chip(row) {
    const made = board.element("li", `ribbon-stage ${row.how}`);
    made.dataset.stage = row.name;
    made.dataset.how = row.how;
    const count = row.tiles ? row.tiles.ran + row.tiles.hits : 0;
    const line = (...facts) => board.element("span", "", facts.filter(Boolean).join(" · "));
    made.append(board.element("b", "", row.name), line(row.how, count && plural(count, "tile")), line(row.ms && ms(row.ms), row.bytes && board.format.bytes(row.bytes)));
    made.title = [...made.children].map((one) => one.textContent).join(" · ");
    return made;
  }

  class Ribbon {
    /** @param {HTMLElement} place @param {HTMLElement} live the polite live region */
    constructor(place, live) {
      Object.assign(this, { place, live });
    }

    /** Show an action, tell the Stages page, and announce it. */
    show(detail) {
      const sentence = detail.summary || summary(detail);
      this.place.replaceChildren(board.element("p", "ribbon-summary", sentence), board.element("ol", "ribbon-stages", ...detail.stages.map(chip)));
      clearTimeout(this.timer);
      // A dragged slider is announced once, when it rests.
      this.timer = setTimeout(() => (this.live.textContent = sentence), 600);
      try {
        sessionStorage.setItem("stageboard-last-action", JSON.stringify({ ...detail, summary: sentence }));
      } catch {
        // A full or forbidden session storage costs the Stages page its last action, nothing else.
      }
      window.dispatchEvent(new CustomEvent("stageboard:action", { detail: { ...detail, summary: sentence } }));
    }

    remove() {
      clearTimeout(this.timer);
    }
  }

  Object.assign(board, { Ribbon, stageRows, actionSummary: summary });
})();
