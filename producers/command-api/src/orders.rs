mod cancel;
mod place;
mod refund;

pub(crate) use cancel::{cancel_order, release};
pub(crate) use place::place_order;
pub(crate) use refund::refund_order;
