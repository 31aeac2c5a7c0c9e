//! The stack against real servers.

mod shared;
