//! Strict extractors and the edges every API shares: bad input becomes a problem document that names what is bad.

mod edges;
mod json;
mod path;
mod query;

pub use edges::{BODY_LIMIT, with_edges};
pub use json::{Json, from_value};
pub use path::Path;
pub use query::{Query, parse_pairs};

#[cfg(test)]
mod tests;
