//! Where the keys of a session come from: an argument, so that golden handshakes can be repeated byte by byte.

/// A source of bytes that nobody can foretell.
pub trait Randomness: Send {
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The operating system's generator: the default, so that no caller can forget to bring a good one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("an operating system without a random generator can keep no secret at all");
    }
}
