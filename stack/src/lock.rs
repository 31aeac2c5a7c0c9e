use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::error::StackError;

/// Holds a file lock against every other process of this machine until dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Lock {
    /// Waits for the lock; blocks the thread.
    pub(crate) fn acquire(path: &Path) -> Result<Self, StackError> {
        let file = open(path)?;
        file.lock().map_err(StackError::file("lock", path))?;
        Ok(Self(file))
    }

    /// Takes the lock unless somebody holds it.
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>, StackError> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StackError::file("lock", path)(error)),
        }
    }
}

fn open(path: &Path) -> Result<File, StackError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(StackError::file("create", parent))?;
    }
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(StackError::file("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_lock_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/lock");
        let held = Lock::acquire(&path).unwrap();
        assert!(Lock::try_acquire(&path).unwrap().is_none());
        drop(held);
        assert!(Lock::try_acquire(&path).unwrap().is_some());
    }
}
