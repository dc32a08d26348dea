/** How a script moves Stageboard's Explorer: the components' properties, and Leaflet's own `setView`. */
window.peer = (() => {
  "use strict";
  const NAMES = { opacity: "data_opacity" };
  const explorer = () => window.stageboard?.explorer;
  /** The map that is seen: the first picture's lies above the page's own until that shows the same. */
  const seen = () => window.stageboard?.early?.box ?? explorer()?.map.getContainer();
  return {
    area: () => seen()?.getBoundingClientRect() ?? null,
    layers: () => [...(seen()?.querySelectorAll(".explorer-data canvas") ?? [])],
    set: (name, value) => dash_clientside.set_props(`explorer-${NAMES[name] ?? name}`, { value: name === "opacity" ? value * 100 : value }),
    jump(bounds) {
      const { map, world } = explorer();
      const { center, zoom } = world.fit(map, bounds);
      map.setView(center, zoom, { animate: false });
    },
  };
})();
