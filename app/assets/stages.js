/* The Stages page: what the last action of this tab did, as Explorer and Figure left it in the session's storage. */
(function () {
  "use strict";
  const KEY = "stageboard-last-action";
  const GRAPHS = { explorer: "map", map: "map", figure: "figure" };
  const HOW = { ran: "ran", reused: "reused", browser: "in the browser", unneeded: "not needed" };

  function read() {
    try {
      const action = JSON.parse(sessionStorage.getItem(KEY));
      return action && Array.isArray(action.stages) ? action : null;
    } catch {
      return null;
    }
  }

  function size(bytes) {
    const units = ["B", "kB", "MB", "GB"];
    let place = 0;
    for (; bytes >= 1000 && place < 3; place++) bytes /= 1000;
    return `${place && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[place]}`;
  }

  function cost(stage) {
    const parts = [];
    if (typeof stage.ms === "number") parts.push(`${stage.ms < 10 ? stage.ms.toFixed(1) : Math.round(stage.ms).toLocaleString("en")} ms`);
    if (stage.bytes) parts.push(size(stage.bytes));
    const all = stage.tiles ? stage.tiles.ran + stage.tiles.hits : 0;
    if (all) parts.push(`${stage.tiles.ran} of ${all} tiles ran`);
    return parts.map((part) => part.replaceAll(" ", "\u00a0")).join("\u00a0· ");
  }

  function how(stage) {
    const from = stage.how === "reused" && stage.where ? ` from ${stage.where}` : "";
    return (HOW[stage.how] || stage.how) + from;
  }

  /** What was fetched ahead in this tab, and how much of it was used. */
  function ahead({ prefetch }) {
    if (!prefetch?.prefetched) return "";
    return ` · prefetched ${prefetch.prefetched} tiles (${size(prefetch.bytes)}), used ${prefetch.used}${prefetch.wasted ? `, wasted ${prefetch.wasted}` : ""}`;
  }

  function ago(at) {
    const then = new Date(at).getTime();
    const seconds = Math.max(0, Math.round((Date.now() - then) / 1000));
    if (!Number.isFinite(then)) return "";
    return seconds < 90 ? `${seconds} s ago` : seconds < 5400 ? `${Math.round(seconds / 60)} min ago` : new Date(then).toLocaleString();
  }

  const element = (namespace, type) => (props) => ({ namespace, type, props });
  const P = element("dash_html_components", "P");
  const Strong = element("dash_html_components", "Strong");
  const Anchor = (href, children) => ({ namespace: "dash_mantine_components", type: "Anchor", props: { href, children, inherit: true, underline: "always" } });

  function empty() {
    return P({ className: "lede", children: ["No action yet in this tab: open the ", Anchor(window.stageboard.at("/explorer"), "Explorer"), " or a ",
      Anchor(window.stageboard.at("/figure"), "Figure"), ", change a control, and come back to see here what ran and what was reused."] });
  }

  function said(action, graph) {
    const count = (kind) => action.stages.filter((stage) => stage.how === kind).length;
    const what = (action.changed || []).filter((name) => name !== "open").join(", ") || "opened";
    const counts = [[count("ran"), "ran"], [count("reused"), "reused"], [count("browser"), "in the browser"]];
    const text = counts.filter(([n]) => n).map(([n, word]) => `${n} ${word}`).join(", ") || "nothing had to run";
    return P({ className: "lede", children: ["Last action, on the ", graph === "map" ? "Explorer" : "Figure", ": ", Strong({ children: what }), ` · ${text} · ${ago(action.at)}${ahead(action)}`] });
  }

  const clientside = (window.dash_clientside = window.dash_clientside || {});
  clientside.stages = {
    last(ids) {
      const action = read();
      const graph = action && (GRAPHS[action.page] || action.page);
      const known = new Map(action ? action.stages.map((stage) => [stage.name, stage]) : []);
      const of = (id) => (id.graph === graph ? known.get(id.stage) : undefined);
      const tab = ids.some((id) => id.graph === graph) ? graph : clientside.no_update;
      return [
        action ? said(action, graph) : empty(),
        tab,
        ids.map((id) => (of(id) ? `node ${of(id).how}` : "node")),
        ids.map((id) => (of(id) ? how(of(id)) : "")),
        ids.map((id) => (of(id) ? cost(of(id)) : "")),
      ];
    },
  };
})();
