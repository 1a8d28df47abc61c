"""Settings files judged without a machine."""
