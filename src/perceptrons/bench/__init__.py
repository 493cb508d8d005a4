"""Ours and other libraries, side by side on the same work.

The workloads are a table (``workloads``), the libraries another
(``perceptrons.peers``). Each library runs in a process of its own (``worker``), asked
in turn (``measure``); medians, quartiles and ratios (``statistics``) are printed beside
the targets (``table``).
"""
