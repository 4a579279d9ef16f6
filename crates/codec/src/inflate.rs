//! Stored bytes to JSON bytes: gzip by its magic bytes, else as they are.

use std::borrow::Cow;
use std::ffi::c_void;
use std::io::ErrorKind;
use std::ptr::NonNull;

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_free_decompressor,
    libdeflate_gzip_decompress_ex, libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE,
    libdeflate_result_LIBDEFLATE_SUCCESS,
};

use crate::{DecodeError, Limits};

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Output sizes a trailer is believed for without having seen any output: real objects compress about 13:1.
const BELIEVED_RATIO: usize = 40;
const FIRST_ROOM: usize = 64 << 10;

/// True if the bytes begin as gzip does.
pub fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&MAGIC)
}

/// Returns the bytes after decompression, or the bytes themselves if they are not gzip.
///
/// Several gzip members count as one text, and zero bytes after the last are padding.
///
/// # Errors
/// A member that is cut or damaged, bytes after a member that are neither padding nor gzip, and more than
/// `max_inflated_bytes`. Memory grows with real output only, whatever a trailer says.
pub fn inflate<'b>(body: &'b [u8], limits: &Limits) -> Result<Cow<'b, [u8]>, DecodeError> {
    let mut buffer = Vec::new();
    match Inflater::default().run(body, limits, &mut buffer)? {
        None => Ok(Cow::Borrowed(body)),
        Some(len) => {
            buffer.truncate(len);
            Ok(Cow::Owned(buffer))
        }
    }
}

/// A decompressor, made at the first use and kept.
#[derive(Default)]
pub(crate) struct Inflater(Option<Raw>);

impl Inflater {
    /// Decompresses into `buffer`, which only grows, and returns how much of it is filled; none if it is not gzip.
    pub(crate) fn run(
        &mut self,
        body: &[u8],
        limits: &Limits,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<usize>, DecodeError> {
        let most = limits.bytes();
        let too_large = DecodeError::TooLarge { limit: most as u64 };
        if !is_gzip(body) {
            return if body.len() > most { Err(too_large) } else { Ok(None) };
        }
        let raw = self.0.get_or_insert_with(Raw::new);
        let room = body.last_chunk::<4>().map_or(0, |trailer| u32::from_le_bytes(*trailer) as usize);
        let believed = body.len().saturating_mul(BELIEVED_RATIO).max(FIRST_ROOM).min(most);
        if buffer.len() < room.min(believed) {
            buffer.resize(room.min(believed), 0);
        }
        let mut rest = body;
        let mut filled = 0;
        let mut member = 1;
        loop {
            // The buffer may be longer than this limit from another object.
            let end = buffer.len().min(most);
            match raw.member(rest, &mut buffer[filled..end]) {
                Step::Done { read, written } => {
                    rest = &rest[read..];
                    filled += written;
                    if rest.first().is_none_or(|b| *b == 0) && rest.iter().all(|b| *b == 0) {
                        return Ok(Some(filled));
                    }
                    member += 1;
                    if !is_gzip(rest) {
                        let reason = "is none: the bytes after the one before are no gzip and no padding";
                        return Err(DecodeError::Gzip { member, reason });
                    }
                }
                Step::NoRoom if end >= most => return Err(too_large),
                Step::NoRoom => buffer.resize((buffer.len() * 2).clamp(FIRST_ROOM, most), 0),
                Step::Bad => return Err(DecodeError::Gzip { member, reason: diagnose(rest, most) }),
            }
        }
    }
}

/// Says what is wrong with a member: libdeflate only says that something is.
fn diagnose(member: &[u8], most: usize) -> &'static str {
    let reader = flate2::bufread::GzDecoder::new(member);
    let mut reader = std::io::Read::take(reader, most as u64);
    match std::io::copy(&mut reader, &mut std::io::sink()) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => "is cut short",
        Err(error) if error.to_string().contains("checksum") => "does not match its checksum",
        _ => "is damaged",
    }
}

enum Step {
    Done { read: usize, written: usize },
    NoRoom,
    Bad,
}

/// libdeflate's decompressor. The `libdeflater` crate does not tell how much input a member took.
struct Raw(NonNull<libdeflate_decompressor>);

// SAFETY: the decompressor is plain memory without ties to a thread, and `&mut self` guards every use.
unsafe impl Send for Raw {}

impl Raw {
    fn new() -> Self {
        // SAFETY: the function has no preconditions; it returns null only when memory is exhausted.
        let raw = unsafe { libdeflate_alloc_decompressor() };
        Self(NonNull::new(raw).expect("memory for a decompressor, about 10 kB"))
    }

    fn member(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut read, mut written) = (0, 0);
        // SAFETY: the decompressor is live until drop; both slices are valid for their whole length during the call,
        // the output one for writing; the two counters are valid for writing.
        let result = unsafe {
            libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast::<c_void>(),
                input.len(),
                output.as_mut_ptr().cast::<c_void>(),
                output.len(),
                &raw mut read,
                &raw mut written,
            )
        };
        #[allow(non_upper_case_globals, reason = "names of a C library")]
        match result {
            libdeflate_result_LIBDEFLATE_SUCCESS => Step::Done { read, written },
            libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE => Step::NoRoom,
            _ => Step::Bad,
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the pointer came from libdeflate's allocator and is freed once.
        unsafe { libdeflate_free_decompressor(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zipped(text: &[u8]) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut out = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut out).expect("room for the result");
        out.truncate(length);
        out
    }

    #[test]
    fn a_lying_trailer_gets_no_memory() {
        let mut body = zipped(b"{}");
        let end = body.len();
        body[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut buffer = Vec::new();
        assert!(Inflater::default().run(&body, &Limits::default(), &mut buffer).is_err());
        assert!(buffer.len() <= FIRST_ROOM);
    }

    #[test]
    fn output_beyond_the_trailers_hint_is_read() {
        // The hint is the last member's size only.
        let text = vec![b' '; 3_000_000];
        let body = [zipped(&text), zipped(b"{}")].concat();
        let mut buffer = Vec::new();
        let length = Inflater::default().run(&body, &Limits::default(), &mut buffer);
        assert_eq!(length, Ok(Some(3_000_002)));
        assert!(buffer.len() < 8_000_000);
    }

    #[test]
    fn a_buffer_longer_than_the_limit_does_not_lift_it() {
        let limits = Limits { max_inflated_bytes: 1000, ..Limits::default() };
        let mut buffer = vec![0; 5000];
        let body = zipped(&[b' '; 1001]);
        let result = Inflater::default().run(&body, &limits, &mut buffer);
        assert_eq!(result, Err(DecodeError::TooLarge { limit: 1000 }));
    }
}
