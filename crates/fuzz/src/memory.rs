//! How much memory a decoder may ask for.

/// Bytes that any decoder may hold, whatever its input.
pub const BASE: u64 = 64 * 1024;

/// Bytes that borsh takes ahead for one text or blob, whatever length it claims.
pub const BORSH: u64 = 1024 * 1024;

/// What `decode` gives. It may hold [`BASE`] bytes and `factor` bytes for each byte of its input at a time.
///
/// # Panics
/// If it holds more.
pub fn bounded<T>(input: &[u8], factor: u64, decode: impl FnOnce() -> T) -> T {
    bounded_over(BASE, input, factor, decode)
}

/// As [`bounded`], with `base` bytes whatever the input.
///
/// # Panics
/// If it holds more.
pub fn bounded_over<T>(base: u64, input: &[u8], factor: u64, decode: impl FnOnce() -> T) -> T {
    let mut decoded = None;
    let held = allocation_counter::measure(|| decoded = Some(decode())).bytes_max;
    let allowed = base + factor * input.len() as u64;
    assert!(held <= allowed, "decoding {} bytes held {held} bytes, {allowed} are allowed", input.len());
    decoded.expect("it was just decoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_memory_in_proportion() {
        assert_eq!(bounded(&[0; 1_000], 2, || vec![0u8; 1_500]).len(), 1_500);
    }

    #[test]
    #[should_panic(expected = "are allowed")]
    fn rejects_memory_out_of_proportion() {
        bounded(&[0; 4], 2, || vec![0u8; 1 << 20]);
    }
}
