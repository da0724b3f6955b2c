//! Chance from a seed: the same seed gives the same world, so a failure can be repeated.
//!
//! Not for secrets: what is made here is guessable by design.

/// SplitMix64: small, and good enough for a simulation.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit.max(1)
    }

    /// True with this probability (0 to 1).
    pub fn strikes(&mut self, probability: f64) -> bool {
        ((self.draw() >> 11) as f64) / ((1u64 << 53) as f64) < probability
    }

    /// Text of this length over an alphabet of ASCII characters.
    pub fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len() as u64) as usize])).collect()
    }

    /// 32 characters of `A-Z a-z 0-9 - _`, the shape of a device token (section 1 of the cloud reference).
    pub fn token(&mut self) -> String {
        self.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 32)
    }
}
