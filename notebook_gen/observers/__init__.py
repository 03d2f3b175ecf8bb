"""Folds over events: each keeps one kind of fact about a run. They run on the run's thread; readers take copies."""
