//! Commands over HTTP: authenticate, validate, decide inside one transaction, answer.

mod accounts;
mod answer;
mod app;
mod bootstrap;
mod categories;
mod change;
mod config;
mod error;
mod execute;
mod external_id;
mod import;
mod input;
mod listings;
mod metrics;
mod orders;
mod passwords;
mod payments;
mod router;
mod run;
mod throttle;
mod users;

pub use app::App;
pub use config::{BootstrapAdmin, Config, PasswordConfig, PaymentConfig, ThrottleConfig};
pub use router::router;
pub use run::{Deps, Error, run, run_on};
