//! The payment gateway: a port, and a deterministic simulator behind it.

mod gateway;
mod simulator;

pub use gateway::{Answer, Authorize, Capture, GatewayFuture, PaymentGateway, Refund};
pub use simulator::{Simulator, SimulatorConfig};
