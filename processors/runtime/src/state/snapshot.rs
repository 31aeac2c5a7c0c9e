//! Snapshots on disk: a header that says whether the rest can be trusted, then the state as postcard.
//!
//! A snapshot is never needed, only faster than reading the topics again; so whatever is odd about one, it is ignored.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::projection::Projection;

/// Raised whenever the runtime's own part of a snapshot changes.
const FORMAT: u64 = 1;
const MAGIC: &[u8; 8] = b"soukstat";
const HEADER_LEN: usize = 32;

/// The snapshots of one processor.
#[derive(Clone, Debug)]
pub(crate) struct Snapshots {
    dir: PathBuf,
    /// `{prefix}{processor}`.
    stem: String,
    fingerprint: u64,
}

impl Snapshots {
    pub(crate) fn new<P: Projection>(dir: &Path, prefix: &str, projection: &P) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            stem: format!("{prefix}{}", projection.name()),
            fingerprint: fingerprint(projection),
        })
    }

    pub(crate) fn encode<T: Serialize>(&self, state: &T) -> Result<Vec<u8>, postcard::Error> {
        let mut bytes = postcard::to_extend(state, vec![0; HEADER_LEN])?;
        let Some((header, body)) = bytes.split_at_mut_checked(HEADER_LEN) else {
            return Ok(bytes);
        };
        header.copy_from_slice(&self.header(body));
        Ok(bytes)
    }

    /// Puts a snapshot in place, whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let target = self.path(name);
        let aside = target.with_extension(format!("{}.tmp", Uuid::new_v4().simple()));
        let mut file = File::create(&aside)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&aside, &target)) {
            fs::remove_file(&aside)?;
            return Err(error);
        }
        File::open(&self.dir)?.sync_all()
    }

    /// Reads a snapshot; `None` when there is none that this build can trust.
    pub(crate) fn load<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.path(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "snapshot cannot be read, reading the topics again");
                return None;
            }
        };
        let state = bytes
            .split_at_checked(HEADER_LEN)
            .filter(|(header, body)| *header == self.header(body))
            .and_then(|(_, body)| postcard::from_bytes(body).ok());
        if state.is_none() {
            tracing::warn!(path = %path.display(), "snapshot is damaged or of another build, reading the topics again");
        }
        state
    }

    fn header(&self, body: &[u8]) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        let words = [
            *MAGIC,
            (self.fingerprint ^ FORMAT).to_le_bytes(),
            (body.len() as u64).to_le_bytes(),
            hash(body).to_le_bytes(),
        ];
        for (slot, word) in header.chunks_exact_mut(8).zip(words) {
            slot.copy_from_slice(&word);
        }
        header
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{}-{name}.snapshot", self.stem))
    }
}

/// Changes with everything that gives the bytes of a snapshot their meaning.
fn fingerprint<P: Projection>(projection: &P) -> u64 {
    let text = format!(
        "{} {} {:?} {:?}",
        projection.name(),
        projection.state_version(),
        projection.facts(),
        projection.shared()
    );
    hash(text.as_bytes())
}

/// FNV-1a over words of eight bytes: finds damage, at memory speed, the same on every machine.
fn hash(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        hash = (hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    }
    for byte in words.remainder() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash
}
