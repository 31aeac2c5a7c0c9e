//! What a processor remembers, and how records change it: the same code runs live and while state is restored.

pub(crate) mod changes;
pub(crate) mod dimensions;
pub(crate) mod facts;
pub(crate) mod parked;
pub(crate) mod restore;
pub(crate) mod snapshot;
