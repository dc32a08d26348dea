/** How a script moves Stageboard's Explorer: the components' properties, and Leaflet's own `setView`. */
window.peer = (() => {
  "use strict";
  const NAMES = { opacity: "data_opacity" };
  const explorer = () => window.stageboard?.explorer;
  return {
    area: () => (explorer() ? explorer().map.getContainer().getBoundingClientRect() : null),
    layers: () => [...document.querySelectorAll(".explorer-data canvas")],
    set: (name, value) => dash_clientside.set_props(`explorer-${NAMES[name] ?? name}`, { value: name === "opacity" ? value * 100 : value }),
    jump(bounds) {
      const { map, world } = explorer();
      const { center, zoom } = world.fit(map, bounds);
      map.setView(center, zoom, { animate: false });
    },
  };
})();
