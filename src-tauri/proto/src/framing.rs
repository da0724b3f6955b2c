//! Lines and prompts, cut from a stream of bytes that arrives in pieces.
//!
//! Only what a text console needs; protocols with frames of their own cut them in their own folders. Wherever the
//! stream is cut, the same bytes give the same pieces.

use std::collections::VecDeque;

/// A piece of a text stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A line without its end; may be empty. Bytes beyond [`LONGEST_LINE`] are dropped.
    Line(Vec<u8>),
    /// A `>` at the start of a line, with or without a line end after it.
    Prompt,
}

/// No firmware of ours prints longer lines; a device that never ends a line must not fill the memory.
pub const LONGEST_LINE: usize = 1024;

#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    pieces: VecDeque<Piece>,
}

impl Lines {
    /// Takes bytes as they came. `\r` and `\n` both end a line, so `\r\n` gives an empty line as well.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => self.pieces.push_back(Piece::Line(std::mem::take(&mut self.line))),
                b'>' if self.line.is_empty() => self.pieces.push_back(Piece::Prompt),
                _ if self.line.len() < LONGEST_LINE => self.line.push(byte),
                _ => {}
            }
        }
    }

    pub fn next_piece(&mut self) -> Option<Piece> {
        self.pieces.pop_front()
    }

    /// What has come of a line that has not ended.
    pub fn unfinished(&self) -> &[u8] {
        &self.line
    }

    /// Ends the unfinished line: for a prompt that follows text on the same line.
    pub fn take_unfinished(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(lines: &mut Lines) -> Vec<Piece> {
        std::iter::from_fn(|| lines.next_piece()).collect()
    }

    #[test]
    fn lines_and_prompts_are_told_apart() {
        let mut lines = Lines::default();
        lines.push(b"\r\n>help\r\na > b\n>\n");
        assert_eq!(
            pieces(&mut lines),
            [
                Piece::Line(vec![]),
                Piece::Line(vec![]),
                Piece::Prompt,
                Piece::Line(b"help".to_vec()),
                Piece::Line(vec![]),
                Piece::Line(b"a > b".to_vec()),
                Piece::Prompt,
                Piece::Line(vec![]),
            ]
        );
    }

    #[test]
    fn an_endless_line_does_not_fill_the_memory() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(&[b'x'; 4096]);
        }
        assert_eq!(lines.unfinished().len(), LONGEST_LINE);
        lines.push(b"\n");
        assert_eq!(pieces(&mut lines), [Piece::Line(vec![b'x'; LONGEST_LINE])]);
    }
}
