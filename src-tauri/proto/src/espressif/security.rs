//! Agreeing on a session and keeping it: security 0, 1 and 2. Reference: sections 4 and 5.
//!
//! A handshake takes answers and gives the next request; a session seals requests and opens answers, in the order in
//! which they happen. A message that is lost puts a session out of step for good: then a new one is needed.

use super::message::schema::{Proto, Sec0, Sec1, Sec2, SessionData};
use super::message::{self, Status};
use super::random::Randomness;
use super::srp::{self, XForm};
use crate::Secret;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use ctr::cipher::{KeyIvInit, StreamCipher};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The scheme with all that it needs.
#[derive(Debug, Clone)]
pub enum Scheme {
    Zero,
    /// Without a proof of possession the key is not blended with one.
    One {
        proof: Option<Secret>,
    },
    Two {
        username: String,
        password: Secret,
        form: XForm,
        counts_nonces: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("not an answer of this handshake")]
    NotTheAnswer,
    #[error("the device answered: {0}")]
    Refused(Status),
    #[error("the device could not prove itself")]
    NotProven,
}

type Stream = ctr::Ctr128BE<aes::Aes256>;

/// A session under way to be.
pub struct Handshake(State);

enum State {
    Zero,
    OneKey { proof: Option<Secret>, private: StaticSecret, public: PublicKey },
    OneProof { public: PublicKey, stream: Box<Stream> },
    TwoKey { client: srp::Client, username: String, password: Secret, form: XForm, counts_nonces: bool },
    TwoProof { proven: srp::Proven, counts_nonces: bool },
    Over,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshake").finish_non_exhaustive()
    }
}

/// What an answer leads to.
#[derive(Debug)]
pub enum Next {
    Send(Vec<u8>),
    Done(Session),
}

impl Handshake {
    /// The first request comes with it.
    pub fn begin(scheme: Scheme, random: &mut dyn Randomness) -> (Handshake, Vec<u8>) {
        match scheme {
            Scheme::Zero => (Handshake(State::Zero), message::sec0_command()),
            Scheme::One { proof } => {
                let mut bytes = Zeroizing::new([0; 32]);
                random.fill(bytes.as_mut_slice());
                let private = StaticSecret::from(*bytes);
                let public = PublicKey::from(&private);
                let request = message::sec1_command0(public.as_bytes());
                (Handshake(State::OneKey { proof, private, public }), request)
            }
            Scheme::Two { username, password, form, counts_nonces } => {
                let client = srp::Client::draw(random);
                let request = message::sec2_command0(&username, client.public());
                (Handshake(State::TwoKey { client, username, password, form, counts_nonces }), request)
            }
        }
    }

    /// Whether the last request held the proof, so that a refusal, or a link that closes, means that it is wrong.
    pub fn proof_is_out(&self) -> bool {
        matches!(self.0, State::OneProof { .. } | State::TwoProof { .. })
    }

    pub fn take(&mut self, answer: &[u8]) -> Result<Next, HandshakeError> {
        let answer: SessionData = message::read(answer).map_err(|_| HandshakeError::NotTheAnswer)?;
        match (std::mem::replace(&mut self.0, State::Over), answer.proto) {
            (State::Zero, Some(Proto::Sec0(payload))) => match payload.payload {
                Some(Sec0::Response(response)) => {
                    success(response.status)?;
                    Ok(Next::Done(Session(Kind::Zero)))
                }
                _ => Err(HandshakeError::NotTheAnswer),
            },
            (State::OneKey { proof, private, public }, Some(Proto::Sec1(payload))) => match payload.payload {
                Some(Sec1::Response0(response)) => {
                    success(response.status)?;
                    let device: [u8; 32] =
                        response.device_pubkey.try_into().map_err(|_| HandshakeError::NotTheAnswer)?;
                    let random: [u8; 16] =
                        response.device_random.try_into().map_err(|_| HandshakeError::NotTheAnswer)?;
                    let key = blended_key(&private, device, proof.as_ref())?;
                    let mut stream = Box::new(Stream::new(&(*key).into(), &random.into()));
                    let mut verify = device;
                    stream.apply_keystream(&mut verify);
                    self.0 = State::OneProof { public, stream };
                    Ok(Next::Send(message::sec1_command1(&verify)))
                }
                _ => Err(HandshakeError::NotTheAnswer),
            },
            (State::OneProof { public, mut stream }, Some(Proto::Sec1(payload))) => match payload.payload {
                Some(Sec1::Response1(response)) => {
                    success(response.status)?;
                    let mut verify = response.device_verify;
                    stream.apply_keystream(&mut verify);
                    if !bool::from(verify.as_slice().ct_eq(public.as_bytes().as_slice())) {
                        return Err(HandshakeError::NotProven);
                    }
                    Ok(Next::Done(Session(Kind::One(stream))))
                }
                _ => Err(HandshakeError::NotTheAnswer),
            },
            (
                State::TwoKey { client, username, password, form, counts_nonces },
                Some(Proto::Sec2(payload)),
            ) => match payload.payload {
                Some(Sec2::Response0(response)) => {
                    success(response.status)?;
                    let proven = client
                        .prove(
                            &username,
                            password.expose(),
                            &response.device_salt,
                            &response.device_pubkey,
                            form,
                        )
                        .map_err(|_| HandshakeError::NotTheAnswer)?;
                    let request = message::sec2_command1(proven.client_proof());
                    self.0 = State::TwoProof { proven, counts_nonces };
                    Ok(Next::Send(request))
                }
                _ => Err(HandshakeError::NotTheAnswer),
            },
            (State::TwoProof { proven, counts_nonces }, Some(Proto::Sec2(payload))) => {
                match payload.payload {
                    Some(Sec2::Response1(response)) => {
                        success(response.status)?;
                        let nonce: [u8; 12] =
                            response.device_nonce.try_into().map_err(|_| HandshakeError::NotTheAnswer)?;
                        let key =
                            proven.check(&response.device_proof).map_err(|_| HandshakeError::NotProven)?;
                        Ok(Next::Done(Session::two(&key, nonce, counts_nonces)))
                    }
                    _ => Err(HandshakeError::NotTheAnswer),
                }
            }
            _ => Err(HandshakeError::NotTheAnswer),
        }
    }
}

fn success(status: i32) -> Result<(), HandshakeError> {
    match Status(status) {
        Status::SUCCESS => Ok(()),
        status => Err(HandshakeError::Refused(status)),
    }
}

/// The shared secret, blended with the hash of the proof of possession where there is one.
fn blended_key(
    private: &StaticSecret,
    device: [u8; 32],
    proof: Option<&Secret>,
) -> Result<Zeroizing<[u8; 32]>, HandshakeError> {
    let shared = private.diffie_hellman(&PublicKey::from(device));
    // A key of small order would give the same secret to everybody.
    if !shared.was_contributory() {
        return Err(HandshakeError::NotTheAnswer);
    }
    let mut key = Zeroizing::new(shared.to_bytes());
    if let Some(proof) = proof.filter(|proof| !proof.is_empty()) {
        let hash = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(proof.expose().as_bytes())));
        key.iter_mut().zip(hash.iter()).for_each(|(key, hash)| *key ^= hash);
    }
    Ok(key)
}

/// A session in force.
pub struct Session(Kind);

enum Kind {
    Zero,
    /// One stream for both directions, never restarted.
    One(Box<Stream>),
    Two {
        cipher: Box<Aes256Gcm>,
        nonce: [u8; 12],
        counts: bool,
    },
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// A message that was changed on its way, or that belongs to another place in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message does not belong here")]
pub struct OutOfStep;

impl Session {
    /// `key` is K of the handshake, of which the cipher takes the first 32 bytes.
    pub fn two(key: &[u8; 64], nonce: [u8; 12], counts_nonces: bool) -> Session {
        let half: &[u8; 32] = key.first_chunk().expect("64 bytes have a first half");
        let cipher = Box::new(Aes256Gcm::new(half.into()));
        Session(Kind::Two { cipher, nonce, counts: counts_nonces })
    }

    pub fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        match &mut self.0 {
            Kind::Zero => plain.to_vec(),
            Kind::One(stream) => {
                let mut bytes = plain.to_vec();
                stream.apply_keystream(&mut bytes);
                bytes
            }
            Kind::Two { cipher, nonce, counts } => {
                let sealed = cipher
                    .encrypt(&Nonce::from(*nonce), plain)
                    .expect("a message of a few hundred bytes is far below what the cipher takes");
                count(nonce, *counts);
                sealed
            }
        }
    }

    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, OutOfStep> {
        match &mut self.0 {
            Kind::Zero => Ok(sealed.to_vec()),
            Kind::One(stream) => {
                let mut bytes = sealed.to_vec();
                stream.apply_keystream(&mut bytes);
                Ok(bytes)
            }
            Kind::Two { cipher, nonce, counts } => {
                let plain = cipher.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| OutOfStep)?;
                count(nonce, *counts);
                Ok(plain)
            }
        }
    }
}

/// The last four bytes count, after every message of either side.
fn count(nonce: &mut [u8; 12], counts: bool) {
    if counts {
        let tail: &mut [u8; 4] = nonce.last_chunk_mut().expect("12 bytes have a last four");
        *tail = u32::from_be_bytes(*tail).wrapping_add(1).to_be_bytes();
    }
}
