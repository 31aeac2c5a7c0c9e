//! The stack against real servers.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, like the test"
)]

mod external;
mod optional;
mod private;
mod shared;
