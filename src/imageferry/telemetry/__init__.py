"""What operators see of the service: metrics, logs and traces. Every room may report to it."""
