//! SRP-6a as Espressif's security 2 has it: 3072-bit group of RFC 5054, g = 5, SHA-512. Reference: section 5.
//!
//! The traps of that section are all here: a short B, a short S, both forms of x, and an A that is drawn again until it
//! fills its 384 bytes. Powers are computed in constant time.

use super::random::Randomness;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Odd};
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of the group's prime.
pub const GROUP: usize = 384;
const BITS: u32 = 3072;
/// The secret exponent.
const SECRET: usize = 32;

/// The 3072-bit prime of RFC 5054, appendix A.
const N: &str = "\
     FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
     83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
     E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
     15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
     ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
     BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// How the inner hash goes into x. They differ for one password in 256, whose inner hash begins with a zero byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XForm {
    /// All 64 bytes: the device's own code and the phone apps.
    Whole,
    /// Leading zero bytes stripped: verifiers made by `esp_prov --sec2_gen_cred`.
    Stripped,
}

/// The device's part cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    #[error("the device's public key is not one of this group")]
    BadPublicKey,
    #[error("the device could not prove that it knows the password")]
    BadProof,
}

/// The client's half before the device has answered.
pub struct Client {
    params: BoxedMontyParams,
    a: Zeroizing<[u8; SECRET]>,
    public: Vec<u8>,
}

/// A proof was computed; the device's is awaited.
pub struct Proven {
    client_proof: [u8; 64],
    device_proof: [u8; 64],
    key: Zeroizing<[u8; 64]>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proven").finish_non_exhaustive()
    }
}

fn group() -> BoxedMontyParams {
    let n = BoxedUint::from_be_hex(N, BITS).into_option().expect("the prime is written as 768 digits");
    BoxedMontyParams::new(Odd::new(n).into_option().expect("the prime is odd"))
}

fn prime_bytes(params: &BoxedMontyParams) -> Box<[u8]> {
    params.modulus().as_ref().to_be_bytes()
}

/// A number of the group from at most 384 bytes; it may still be larger than the prime.
fn number(bytes: &[u8]) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, BITS).ok()
}

fn padded(byte: u8) -> [u8; GROUP] {
    let mut bytes = [0; GROUP];
    bytes[GROUP - 1] = byte;
    bytes
}

fn hash(parts: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    Zeroizing::new(hash.finalize().into())
}

fn stripped(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

fn inner_hash(username: &str, password: &str) -> Zeroizing<[u8; 64]> {
    hash(&[username.as_bytes(), b":", password.as_bytes()])
}

/// Whether the two forms of x differ for this password, so that the other is worth a try when one is refused.
pub fn has_two_forms(username: &str, password: &str) -> bool {
    inner_hash(username, password)[0] == 0
}

/// x = H(salt, H(username ":" password)), in one of its two forms.
pub fn x(username: &str, password: &str, salt: &[u8], form: XForm) -> Zeroizing<[u8; 64]> {
    let inner = inner_hash(username, password);
    match form {
        XForm::Whole => hash(&[salt, inner.as_slice()]),
        XForm::Stripped => hash(&[salt, stripped(inner.as_slice())]),
    }
}

impl Client {
    /// Draws the secret exponent, again until A fills 384 bytes: with a leading zero, devices and clients hash
    /// different bytes.
    pub fn draw(random: &mut dyn Randomness) -> Client {
        loop {
            let mut a = Zeroizing::new([0; SECRET]);
            random.fill(a.as_mut_slice());
            let client = Client::with_exponent(a);
            if client.public.first() != Some(&0) {
                return client;
            }
        }
    }

    fn with_exponent(a: Zeroizing<[u8; SECRET]>) -> Client {
        let params = group();
        let g = BoxedMontyForm::new(number(&[5]).expect("5 is short"), &params);
        let exponent = exponent(a.as_slice());
        let public = g.pow(&exponent).retrieve().to_be_bytes().into_vec();
        Client { params, a, public }
    }

    /// A, always 384 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Computes the session key and both proofs from what the device sent: its public key, 1 to 384 bytes, and its salt.
    pub fn prove(
        &self,
        username: &str,
        password: &str,
        salt: &[u8],
        device_public: &[u8],
        form: XForm,
    ) -> Result<Proven, SrpError> {
        let params = &self.params;
        if device_public.is_empty() {
            return Err(SrpError::BadPublicKey);
        }
        let b = BoxedMontyForm::new(number(device_public).ok_or(SrpError::BadPublicKey)?, params);
        if b.is_zero().to_bool() {
            return Err(SrpError::BadPublicKey);
        }
        let n = prime_bytes(params);
        let k = hash(&[&n, &padded(5)]);
        let mut b_padded = vec![0; GROUP - device_public.len()];
        b_padded.extend_from_slice(device_public);
        let u = hash(&[&self.public, &b_padded]);
        if u.iter().all(|byte| *byte == 0) {
            return Err(SrpError::BadPublicKey);
        }
        let x = x(username, password, salt, form);

        // S = (B - k g^x)^(a + u x), where only the difference is taken modulo N.
        let g = BoxedMontyForm::new(number(&[5]).expect("5 is short"), params);
        let k = BoxedMontyForm::new(number(k.as_slice()).expect("a hash is shorter than the prime"), params);
        let base = b.sub(&k.mul(&g.pow(&exponent(x.as_slice()))));
        let power = exponent(u.as_slice())
            .concatenating_mul(exponent(x.as_slice()))
            .concatenating_add(exponent(self.a.as_slice()));
        let s = Zeroizing::new(base.pow(&power).retrieve().to_be_bytes());
        let key = hash(&[stripped(&s)]);

        let hash_n = hash(&[&n]);
        let hash_g = hash(&[&padded(5)]);
        let group: Vec<u8> = hash_n.iter().zip(hash_g.iter()).map(|(n, g)| n ^ g).collect();
        let user = hash(&[username.as_bytes()]);
        let client_proof =
            *hash(&[&group, user.as_slice(), salt, &self.public, device_public, key.as_slice()]);
        let device_proof = *hash(&[&self.public, &client_proof, key.as_slice()]);
        Ok(Proven { client_proof, device_proof, key })
    }
}

fn exponent(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

impl Proven {
    /// M1.
    pub fn client_proof(&self) -> &[u8; 64] {
        &self.client_proof
    }

    /// Checks M2 and gives the session key K.
    pub fn check(self, device_proof: &[u8]) -> Result<Zeroizing<[u8; 64]>, SrpError> {
        if bool::from(self.device_proof.as_slice().ct_eq(device_proof)) {
            Ok(self.key)
        } else {
            Err(SrpError::BadProof)
        }
    }
}
