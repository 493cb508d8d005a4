"""Is a network justified on a table? Folds, candidates, statistics, verdict, page."""
