#!/bin/sh
# Behaviour: tf.shade(how="eq_hist") equalises floats by 65,536 bins of equal width from the least value to the greatest.
# Of a long-tailed field most cells share the first bin, so that most of the picture has one colour: the histogram is
# not equalised where the data are. The same order of values as whole numbers is equalised value by value. tf.shade has
# no argument for the bins.
# Versions: datashader 0.19.1, numpy 2.4.6, xarray 2026.9.0, Python 3.11.
# Seen: 100,000 lognormal floats (sigma 5): 99.1 % of the cells have one colour, 244 of 256 colours in all; their ranks as
# integers: 0.4 % have one, 256 colours.
# Why it matters: eq_hist is the default and is chosen because it needs no thought about outliers; sums of money or of
# population, means of sparse cells, variances look empty but for a few cells, and a legend of percentiles disagrees
# with the picture. Whoever draws floats by it should say what a bin is, or rank them first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datashader==0.19.1 numpy==2.4.6 xarray==2026.9.0
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import xarray as xr
from datashader import transfer_functions as tf

values = np.random.default_rng(0).lognormal(0, 5, (250, 400))
ranks = values.ravel().argsort().argsort().reshape(values.shape).astype(np.int64) // 2
gray = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
found = {}
for name, cells in (("floats", values), ("ranks", ranks)):
    image = np.asarray(tf.shade(xr.DataArray(cells, dims=("y", "x")), cmap=gray, how="eq_hist").data) & 255
    counts = np.bincount(image.ravel(), minlength=256)
    found[name] = (counts.max() / image.size, int((counts > 0).sum()))
    print(f"{name}: {found[name][0]:.1%} of the cells have one colour, {found[name][1]} colours in all")
assert found["floats"][0] > 0.5 and found["ranks"][0] < 0.01, "the behaviour has changed"
PY
