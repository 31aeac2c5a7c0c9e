//! Tables that hold what invariants need across aggregates; every write is part of a command's transaction.

pub mod external_ids;
pub mod logins;
pub mod payment_tasks;
