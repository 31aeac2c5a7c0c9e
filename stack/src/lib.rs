//! Real MySQL, Kafka, schema registry and OpenSearch for `souk up`, for tests and for other teams' suites.
//!
//! [`Stack`] provisions and supervises the servers of one home folder; [`TestStack`] shares such a stack between test binaries.

mod check;
mod compose;
mod config;
#[cfg(feature = "docker")]
mod containers;
mod error;
mod eventually;
#[cfg(any(test, feature = "docker"))]
mod images;
mod jdk;
mod lock;
mod machine;
mod native;
mod ports;
mod private;
mod process;
mod progress;
mod provision;
mod ready;
mod server;
mod space;
mod stack;
mod supervisor;
mod sweep;
mod test_stack;

pub use check::{Check, Missing};
pub use config::{Config, ConfigProblem, Memory, Mode, Ports};
pub use error::StackError;
pub use eventually::eventually;
pub use ports::PortOwner;
pub use progress::Progress;
pub use server::{Server, ServerState, ServerStatus, UnknownServer, Urls};
pub use space::Space;
pub use stack::Stack;
pub use test_stack::TestStack;
