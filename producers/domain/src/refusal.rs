use std::error::Error;

use crate::validation::Violations;

/// Why a command was not carried out; every aggregate's error is one.
pub trait Refusal: Error + Send + Sync + 'static {
    /// Returns the stable code that clients branch on.
    fn code(&self) -> &'static str;

    /// Says what the caller may do about it.
    fn kind(&self) -> RefusalKind;

    /// Returns the bad fields, when that is the reason.
    fn violations(&self) -> Option<&Violations> {
        None
    }
}

/// What a caller may do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Correct the command.
    Invalid,
    /// Ask for something that exists.
    Missing,
    /// Nothing: it is not theirs to do.
    Forbidden,
    /// Look at the state as it is now and decide again.
    Conflict,
}
