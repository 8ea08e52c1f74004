"""The race: Hedgerow, its peers and the raw limits at one workload, in turns, in one run. `python -m race --help`."""
