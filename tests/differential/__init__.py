"""The browser's pixels against the server's, and both against Datashader, with NumPy's truth of the same rows.

A seed makes a case: a data set, a view, controls, a theme, a size and a ratio of pixels. What the pages show of it is
read as a user sees it, and judged by rows that pandas reads from the written file. None of the product's code is
imported to say what is right.
"""
