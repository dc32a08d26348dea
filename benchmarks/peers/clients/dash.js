/** How a script moves a Dash page: the components' properties, and the figure's ranges through plotly's `relayout`. */
window.peer = (() => {
  "use strict";
  const graph = () => document.querySelector("#graph .js-plotly-plot");
  return {
    area: () => graph()?.querySelector(".nsewdrag")?.getBoundingClientRect() ?? null,
    layers: () => [...graph().querySelectorAll(".imagelayer image")],
    set: (name, value) => dash_clientside.set_props(name, { value }),
    jump: ([x0, x1, y0, y1]) => Plotly.relayout(graph(), { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] }),
  };
})();
