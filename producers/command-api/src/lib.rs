//! HTTP commands: authenticate, validate, decide, append, answer.
