//! Rules of the whole workspace, read from `cargo metadata`.

mod workspace;
