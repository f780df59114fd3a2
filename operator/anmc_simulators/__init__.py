"""Both services as local servers: for the demo, the tests and users' own pipelines."""
