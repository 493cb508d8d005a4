"""Studies: an experiment becomes runs, runs become records in a store.

An experiment is a TOML file (:mod:`~perceptrons.study.experiment`); its runs are
performed by the procedures of :mod:`~perceptrons.study.procedures`, in parallel and
resumable (:mod:`~perceptrons.study.runner`), and kept in one SQLite file
(:mod:`~perceptrons.study.records`). Networks and baselines are trained through public
estimators only; the gradient check reaches below them, to the engine's own gradient.
"""
