"""Studies: an experiment becomes runs, runs become records in a store.

An experiment is a TOML file (:mod:`~perceptrons.study.experiment`); its runs are
performed by the procedures of :mod:`~perceptrons.study.procedures`, in parallel and
resumable (:mod:`~perceptrons.study.runner`), and kept in one SQLite file
(:mod:`~perceptrons.study.records`). Only public estimators are used.
"""
