use std::path::Path;

use super::*;

/// A stale file is rewritten, so that the next run passes and `git diff` shows what changed.
#[test]
fn generated_files_are_what_the_schemas_say() {
    let stale = refresh(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(stale.is_empty(), "were stale, commit them: {stale:?}");
}
