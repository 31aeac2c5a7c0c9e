//! Debian packages with all their libraries, unpacked into a private prefix; nothing is installed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{remove_folder, run};
use crate::error::StackError;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An archive this machine's apt already uses.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    signed_by: Option<String>,
}

/// Unpacks `packages` of a Debian suite under `into`, from the mirror the machine itself uses.
pub(super) fn fetch(suite: &str, packages: &[&str], into: &Path) -> Result<(), StackError> {
    let what = packages.join(", ");
    let apt = Apt {
        folder: into.join("apt"),
        what: &what,
    };
    apt.prepare(suite)?;
    apt.run(&["update"])?;
    // Against an empty status, so that every library comes along and the machine's own are not mixed in.
    apt.run(
        &[
            &["install", "-y", "-d", "--no-install-recommends"],
            packages,
        ]
        .concat(),
    )?;
    for package in apt.archives()? {
        run(
            &what,
            Command::new("dpkg").arg("-x").arg(&package).arg(into),
        )?;
    }
    remove_folder(&apt.folder)
}

struct Apt<'a> {
    folder: PathBuf,
    what: &'a str,
}

impl Apt<'_> {
    fn prepare(&self, suite: &str) -> Result<(), StackError> {
        for folder in ["lists/partial", "cache/archives/partial", "parts"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder).map_err(StackError::file("create", &folder))?;
        }
        let source =
            debian_source(&sources_of_this_machine()).ok_or_else(|| StackError::Download {
                what: self.what.to_owned(),
                detail: "apt on this machine knows no Debian archive; use docker or external mode"
                    .to_owned(),
            })?;
        self.write("status", "")?;
        self.write("parts/souk.sources", &deb822(&source, suite))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StackError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(StackError::file("write", &path))
    }

    fn run(&self, arguments: &[&str]) -> Result<(), StackError> {
        let folder = self.folder.display();
        let mut command = Command::new("apt-get");
        for option in [
            "Dir::Etc::SourceList=/dev/null".to_owned(),
            format!("Dir::Etc::SourceParts={folder}/parts"),
            format!("Dir::State::Lists={folder}/lists"),
            format!("Dir::State::Status={folder}/status"),
            format!("Dir::Cache={folder}/cache"),
            // The folder belongs to us, not to apt's own user.
            "APT::Sandbox::User=root".to_owned(),
            "APT::Update::Error-Mode=any".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "Acquire::http::Timeout=30".to_owned(),
            "Acquire::https::Timeout=30".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        run(self.what, command.args(arguments).env("LC_ALL", "C")).map(drop)
    }

    fn archives(&self) -> Result<Vec<PathBuf>, StackError> {
        let folder = self.folder.join("cache/archives");
        let archives = fs::read_dir(&folder)
            .map_err(StackError::file("read", &folder))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension() == Some(OsStr::new("deb")))
            .collect();
        Ok(archives)
    }
}

fn deb822(source: &Source, suite: &str) -> String {
    let keyring = source
        .signed_by
        .clone()
        .or_else(|| Path::new(KEYRING).exists().then(|| KEYRING.to_owned()))
        .map_or_else(String::new, |path| format!("Signed-By: {path}\n"));
    format!(
        "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n{keyring}",
        source.uri
    )
}

/// The main archive: not the security one, and not another vendor's.
fn debian_source(sources: &[Source]) -> Option<Source> {
    sources
        .iter()
        .find(|source| {
            let by_debian = source
                .signed_by
                .as_ref()
                .is_some_and(|path| path.contains("debian-archive"));
            let path_says_so = source.uri.trim_end_matches('/').ends_with("/debian");
            let main_suite = source
                .suites
                .iter()
                .any(|suite| !suite.contains(['-', '/']));
            (by_debian || path_says_so) && main_suite
        })
        .cloned()
}

fn sources_of_this_machine() -> Vec<Source> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let parts = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten();
    files.extend(parts.map(|entry| entry.path()));
    files.sort();
    files
        .iter()
        .filter_map(|path| Some((path, fs::read_to_string(path).ok()?)))
        .flat_map(
            |(path, text)| match path.extension().and_then(OsStr::to_str) {
                Some("sources") => parse_deb822(&text),
                Some("list") => parse_one_line(&text),
                _ => Vec::new(),
            },
        )
        .collect()
}

fn parse_deb822(text: &str) -> Vec<Source> {
    text.split("\n\n").flat_map(parse_stanza).collect()
}

fn parse_stanza(stanza: &str) -> Vec<Source> {
    let field = |name: &str| {
        stanza
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let words = |name: &str| {
        field(name)
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
    };
    if field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"))
        || !words("Types").any(|kind| kind == "deb")
    {
        return Vec::new();
    }
    words("URIs")
        .map(|uri| Source {
            uri,
            suites: words("Suites").collect(),
            signed_by: field("Signed-By")
                .filter(|value| value.starts_with('/'))
                .map(str::to_owned),
        })
        .collect()
}

/// `deb [arch=amd64 signed-by=/path] uri suite components`
fn parse_one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    Some(Source {
        uri: words.next()?.to_owned(),
        suites: vec![words.next()?.to_owned()],
        signed_by: options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
Types: deb
# a comment
URIs: https://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: https://old.example/debian
Suites: buster
Components: main
";

    #[test]
    fn the_main_archive_is_found_among_deb822_sources() {
        let source = debian_source(&parse_deb822(DEB822)).unwrap();
        assert_eq!(source.uri, "https://mirror.example/debian");
        let text = deb822(&source, "sid");
        assert!(
            text.contains("Suites: sid\n")
                && text.contains("Signed-By: /usr/share/keyrings/debian-archive"),
            "{text}"
        );
    }

    #[test]
    fn the_main_archive_is_found_among_one_line_sources() {
        let text = "# deb http://commented.example/debian x main\n\
                    deb [arch=amd64] https://vendor.example/apt stable main\n\
                    deb [arch=amd64 signed-by=/keys/debian.gpg] https://mirror.example/debian/ trixie main contrib\n";
        let source = debian_source(&parse_one_line(text)).unwrap();
        assert_eq!(source.uri, "https://mirror.example/debian/");
        assert_eq!(source.signed_by.as_deref(), Some("/keys/debian.gpg"));
    }

    #[test]
    fn another_vendors_archive_is_not_taken() {
        assert_eq!(
            debian_source(&parse_one_line(
                "deb https://vendor.example/ubuntu noble main\n"
            )),
            None
        );
    }
}
