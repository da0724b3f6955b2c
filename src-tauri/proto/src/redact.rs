//! Makes a device's own text fit to be shown: without the secrets that it was handed, short, and on one line.
//!
//! Devices echo what they are given (section 5.2), and a log line may hold a part of it, so fragments count too.

use crate::Secret;

/// So many characters in a row of a secret are taken for it; shorter runs occur by chance.
const FRAGMENT: usize = 6;
/// More than this of a device's text helps nobody.
const LONGEST: usize = 160;

#[derive(Default)]
pub(crate) struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// From now on this never appears in a cleaned text.
    pub fn know(&mut self, secret: &Secret) {
        if !secret.is_empty() {
            self.secrets.push(secret.clone());
        }
    }

    pub fn clean(&self, text: &str) -> String {
        let text: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut clean = String::new();
        let mut at = 0;
        while at < text.len() {
            match self.secrets.iter().map(|secret| run(&text[at..], secret)).max() {
                Some(length) if length > 0 => {
                    clean.push('…');
                    at += length;
                }
                _ => {
                    clean.push(text[at]);
                    at += 1;
                }
            }
        }
        match clean.char_indices().nth(LONGEST) {
            Some((cut, _)) => format!("{}…", &clean[..cut]),
            None => clean.trim().to_owned(),
        }
    }
}

/// How many characters at the start of `text` are a run of `secret` that is long enough to count.
fn run(text: &[char], secret: &Secret) -> usize {
    let secret: Vec<char> = secret.expose().chars().collect();
    let longest = (0..secret.len())
        .map(|from| secret[from..].iter().zip(text).take_while(|(a, b)| a == b).count())
        .max()
        .unwrap_or(0);
    if longest >= FRAGMENT.min(secret.len()) { longest } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_their_fragments_are_taken_out() {
        let mut redactor = Redactor::default();
        redactor.know(&Secret::new("correct horse"));
        redactor.know(&Secret::new("Ab3-xY9_Ab3-xY9_Ab3-xY9_Ab3-xY9_"));
        let clean = redactor.clean("pass 'correct horse' or 'rect hors', token Ab3-xY9_Ab3-x\r\n!");
        assert_eq!(clean, "pass '…' or '…', token …  !");
    }

    #[test]
    fn long_text_is_cut() {
        let clean = Redactor::default().clean(&"x".repeat(5000));
        assert_eq!(clean.chars().count(), LONGEST + 1);
    }
}
