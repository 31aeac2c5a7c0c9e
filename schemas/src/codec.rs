//! The wire format: Confluent's frame around an Avro datum.
//!
//! ```text
//! 0x00 | schema id, 4 bytes, big-endian | datum, written with that schema
//! ```

mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

pub use decoder::{DecodeError, Decoder, Malformed};
pub use encoder::{ConnectError, Encoder};

const MAGIC: u8 = 0;

/// Starts a frame; the datum is appended to it.
fn frame_header(id: u32) -> Vec<u8> {
    let mut frame = Vec::with_capacity(512);
    frame.push(MAGIC);
    frame.extend(id.to_be_bytes());
    frame
}

/// Splits a frame into schema id and datum.
fn split_frame(payload: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    match payload {
        [MAGIC, a, b, c, d, datum @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), datum)),
        [MAGIC, ..] | [] => Err(Malformed::TooShort {
            length: payload.len(),
        }),
        [magic, ..] => Err(Malformed::WrongMagic { magic: *magic }),
    }
}
