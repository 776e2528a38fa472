"""The launcher: demo, tests and benchmarks on private PostgreSQL and Valkey servers of this machine."""
