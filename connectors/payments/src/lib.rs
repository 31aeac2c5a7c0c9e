//! The payment gateway port and its deterministic simulator.
