"""What is seen of a server that runs: metrics for Prometheus, traces for OpenTelemetry, and what was slow."""
