//! Espressif's provisioning over a serial console: a command line out, a line of hex back. Reference: section 7.3.
//!
//! The device echoes every character, and its log shares the line and may split the echo.

/// Longest command line with its carriage return; longer ones are cut silently and their rest read as a command.
pub const MOST_LINE: usize = 255;
/// An answer is not longer than this; more is not from a provisioning service.
const MOST_ANSWER: usize = 16 * 1024;
const PROMPT: &[u8] = b">> ";

/// `<endpoint> <session> <hex>` and a carriage return; `None` when it would not fit into the device's line.
pub fn command_line(endpoint: &str, session: u32, request: &[u8]) -> Option<Vec<u8>> {
    let mut line = format!("{endpoint} {session} ");
    for byte in request {
        line.push_str(&format!("{byte:02x}"));
    }
    line.push('\r');
    (line.len() <= MOST_LINE).then(|| line.into_bytes())
}

/// Most request bytes that fit into one line.
pub fn most_request(endpoint: &str, session_digits: usize) -> usize {
    MOST_LINE.saturating_sub(endpoint.len() + session_digits + 3) / 2
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Answer(Vec<u8>),
    /// The prompt came back without an answer.
    Refused,
}

/// Reads the console's side of one command: echo, answer, prompt.
#[derive(Debug)]
pub struct Listener {
    /// The command with its carriage return, as it will be echoed.
    command: Vec<u8>,
    echoed: usize,
    line: Vec<u8>,
    answer: Option<Vec<u8>>,
    /// Empty lines with a carriage return: an answer prints one before itself and one at its end, a refusal none.
    empty_lines: u32,
}

impl Listener {
    pub fn for_command(command: &[u8]) -> Listener {
        Listener { command: command.to_vec(), echoed: 0, line: Vec::new(), answer: None, empty_lines: 0 }
    }

    /// Takes bytes in any cut; bytes behind the prompt belong to nobody.
    pub fn take(&mut self, bytes: &[u8]) -> Option<Outcome> {
        bytes.iter().find_map(|byte| self.take_byte(*byte))
    }

    fn take_byte(&mut self, byte: u8) -> Option<Outcome> {
        // The log may stand between two characters of the echo, so the echo is what is left when the log is not looked at.
        if let Some(expected) = self.command.get(self.echoed) {
            if byte == *expected {
                self.echoed += 1;
            }
            return None;
        }
        if matches!(byte, b'\r' | b'\n') {
            self.end_line(byte);
            return None;
        }
        if self.line.len() < MOST_ANSWER {
            self.line.push(byte);
        }
        if self.line == PROMPT {
            return Some(match self.answer.take() {
                Some(answer) => Outcome::Answer(answer),
                None if self.empty_lines >= 2 => Outcome::Answer(Vec::new()),
                None => Outcome::Refused,
            });
        }
        None
    }

    fn end_line(&mut self, end: u8) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.empty_lines += u32::from(end == b'\r');
            return;
        }
        // The tail of a doubled echo is hex as well, and no answer.
        let tail_of_command = self.command[..self.command.len() - 1].ends_with(&line);
        if self.answer.is_none() && !tail_of_command {
            self.answer = unhex(&line);
        }
    }
}

/// Whether a prompt stands at the end of what came.
pub fn ends_with_prompt(bytes: &[u8]) -> bool {
    bytes == PROMPT || bytes.ends_with(b"\n>> ")
}

/// Pairs of hex digits; `None` for anything else, and for nothing.
pub fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
