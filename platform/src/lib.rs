//! Start-up shared by all roles: configuration, telemetry, shutdown, HTTP problems, identity, clients.

pub mod auth;
pub mod clients;
pub mod clock;
pub mod config;
pub mod consistency;
pub mod http;
pub mod ops;
pub mod pii;
pub mod problem;
pub mod progress;
pub mod serve;
pub mod shutdown;
pub mod telemetry;

mod shape;

pub use auth::{OptionalPrincipal, Principal, Role, Roles};
pub use pii::Pii;
pub use problem::{FieldErrors, Problem};
