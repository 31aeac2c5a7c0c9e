//! The payment process manager: tasks in the database, asked of the gateway one by one under their own key, until settled.
//!
//! A task is written by the transaction that makes it necessary and removed by the transaction that records its outcome. In between
//! the gateway may be asked any number of times.

mod manager;
mod settle;
mod task;

pub(crate) use manager::PaymentManager;
pub(crate) use task::{Ask, NewTask, Task, TaskOrigin, open_refunds_minor};
