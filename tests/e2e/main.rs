//! End-to-end tests: through HTTP and real servers only.
