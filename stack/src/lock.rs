use std::fs::{self, File};
use std::path::Path;

use crate::error::StackError;

/// Holds a file lock against every other process of this machine until dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Lock {
    /// Waits for the lock; blocks the thread.
    pub(crate) fn acquire(path: &Path) -> Result<Self, StackError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(StackError::file("create", parent))?;
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(StackError::file("open", path))?;
        file.lock().map_err(StackError::file("lock", path))?;
        Ok(Self(file))
    }
}
