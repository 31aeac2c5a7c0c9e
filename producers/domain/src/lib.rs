//! Aggregates, commands and decisions: pure, no I/O, no clock.
