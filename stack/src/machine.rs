use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the environment says about this machine's tools; the settings of Souk itself are never read from here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    pub(crate) java_home: Option<PathBuf>,
    pub(crate) search_path: Vec<PathBuf>,
    pub(crate) cache: Option<PathBuf>,
}

impl Machine {
    pub(crate) fn observe() -> Self {
        let home = env::home_dir().filter(|home| home.is_absolute());
        Self {
            java_home: folder("JAVA_HOME"),
            search_path: env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect(),
            cache: folder("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache"))),
        }
    }

    /// The program of this name that a shell would run.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        self.search_path
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    }

    pub(crate) fn cache_folder(&self, chosen: Option<&Path>) -> PathBuf {
        match (chosen, &self.cache) {
            (Some(chosen), _) => chosen.to_owned(),
            (None, Some(cache)) => cache.join("souk"),
            (None, None) => env::temp_dir().join("souk-cache"),
        }
    }
}

/// The folder an environment variable names; a relative one means nothing here.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value: &OsString| !value.is_empty())
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}
