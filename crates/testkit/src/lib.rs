//! Databases, clocks and the ports' suites, for tests only.
