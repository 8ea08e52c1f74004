"""Where it runs: process, HTTP, drivers, disk, settings, command line."""
