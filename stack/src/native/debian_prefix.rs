use std::fs;
use std::path::{Path, PathBuf};

use crate::error::StackError;
use crate::process::Launch;

/// Unpacked Debian packages whose programs run with their own C library, whatever the machine has.
#[derive(Debug)]
pub(super) struct DebianPrefix {
    root: PathBuf,
    loader: PathBuf,
    libraries: Vec<PathBuf>,
}

impl DebianPrefix {
    pub(super) fn open(root: PathBuf) -> Result<Self, StackError> {
        // Before Debian merged /usr the loader lived in /lib; packages of that time still unpack there.
        let libraries: Vec<PathBuf> = ["usr/lib", "lib"]
            .iter()
            .filter_map(|parent| child(&root.join(parent), |name| name.ends_with("-linux-gnu")))
            .collect();
        let loader = libraries
            .iter()
            .find_map(|folder| child(folder, |name| name.starts_with("ld-linux")))
            .ok_or_else(|| StackError::Command {
                command: root.display().to_string(),
                detail: "holds no program loader; remove the folder to fetch it again".to_owned(),
            })?;
        Ok(Self {
            root,
            loader,
            libraries,
        })
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub(super) fn launch(&self, program: &str, folder: &Path) -> Launch {
        let libraries: Vec<String> = self
            .libraries
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Launch::new(&self.loader, folder)
            .arg("--library-path")
            .arg(libraries.join(":"))
            .arg(self.path(program))
    }
}

fn child(folder: &Path, fits: impl Fn(&str) -> bool) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .find(|entry| entry.file_name().to_str().is_some_and(&fits))
        .map(|entry| entry.path())
}
