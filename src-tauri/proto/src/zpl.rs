//! ZPL II, the language of label printers: a label as text, and what a printer says of itself (`~HS`).
//!
//! Source: Zebra's "ZPL II Programming Guide", commands ^XA, ^CI, ^FH, ^FD, ^A0, ^BC, ^BQ, ^BX, ^PQ and ~HS. Measures are in
//! dots of the printer. Not here: templates and millimetres (`engine/plan/label.rs`), and connections (`link/printer.rs`).

use std::fmt::Write;

/// A code on a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// `height` of the bars and width of a narrow bar, in dots.
    Code128 { height: u32, module: u32 },
    /// Dots of one module, 1 to 10.
    Qr { module: u32 },
    /// Dots of one module.
    DataMatrix { module: u32 },
}

/// A text that this symbology cannot carry as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code of a label takes plain ASCII letters, figures and signs only, and no ~")]
pub struct NotPlain;

/// A label on its way to be text.
#[derive(Debug, Clone)]
pub struct Format(String);

impl Format {
    /// Begins a label of this size.
    pub fn new(width: u32, height: u32) -> Format {
        // ^CI28: field data is UTF-8.
        Format(format!("^XA^CI28^PW{width}^LL{height}^LH0,0"))
    }

    /// A line of text in the scalable font, with letters of this height. Whatever it says, it is text.
    pub fn text(&mut self, x: u32, y: u32, height: u32, text: &str) {
        let _ = write!(self.0, "^FO{x},{y}^A0N,{height}^FH^FD{}^FS", escaped(text));
    }

    pub fn code(&mut self, x: u32, y: u32, symbology: Symbology, text: &str) -> Result<(), NotPlain> {
        // `~` is an escape inside DataMatrix data; the other two would need another character set.
        if !text.bytes().all(|byte| (0x20..0x7F).contains(&byte) && byte != b'~') {
            return Err(NotPlain);
        }
        let _ = match symbology {
            // `>` begins a subset change there; `>0` is the sign itself.
            Symbology::Code128 { height, module } => write!(
                self.0,
                "^FO{x},{y}^BY{module}^BCN,{height},N,N,N^FH^FD{}^FS",
                escaped(text).replace('>', ">0")
            ),
            Symbology::Qr { module } => {
                write!(self.0, "^FO{x},{y}^BQN,2,{module}^FH^FDMA,{}^FS", escaped(text))
            }
            Symbology::DataMatrix { module } => {
                write!(self.0, "^FO{x},{y}^BXN,{module},200^FH^FD{}^FS", escaped(text))
            }
        };
        Ok(())
    }

    /// One copy of it.
    pub fn finish(mut self) -> Vec<u8> {
        self.0.push_str("^PQ1^XZ\r\n");
        self.0.into_bytes()
    }
}

/// Text for ^FD after ^FH: what the printer would take for a command, for the escape itself or for a line's end, and every
/// letter beyond ASCII, as the hexadecimal bytes of its UTF-8.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            // A line's end or a tab inside a field is a space to the eye.
            letter if letter.is_control() => out.push(' '),
            '^' | '~' | '_' | '\\' => {
                let _ = write!(out, "_{:02X}", u32::from(letter));
            }
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "_{byte:02X}");
                }
            }
        }
    }
    out
}

/// Asks a printer how it is.
pub const ASK_STATUS: &[u8] = b"~HS\r\n";

/// What a printer says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStatus {
    pub paper_out: bool,
    pub paused: bool,
    pub head_open: bool,
    pub ribbon_out: bool,
    pub buffer_full: bool,
    pub too_cold: bool,
    pub too_hot: bool,
    /// Labels that it has heard of and not printed.
    pub formats_waiting: u32,
    pub labels_remaining: u32,
    /// A label that waits to be taken off (peel mode).
    pub label_waiting: bool,
}

const STX: u8 = 2;
const ETX: u8 = 3;
/// More than an answer has.
const STATUS_MOST: usize = 1024;

/// Gathers the three strings of the answer to `~HS`, however they are cut. What else a printer says in between is passed
/// over.
#[derive(Debug, Default)]
pub struct StatusReader {
    bytes: Vec<u8>,
}

impl StatusReader {
    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > STATUS_MOST {
            self.bytes.drain(..self.bytes.len() - STATUS_MOST);
        }
    }

    /// The status, when all of it is there.
    pub fn status(&self) -> Option<HostStatus> {
        let strings: Vec<Vec<&str>> = self
            .bytes
            .split(|byte| *byte == STX)
            .skip(1)
            .filter_map(|part| part.iter().position(|byte| *byte == ETX).map(|end| &part[..end]))
            .filter_map(|part| std::str::from_utf8(part).ok())
            .map(|part| part.split(',').map(str::trim).collect())
            .collect();
        // The strings have 12, 11 and 2 parts; a third one ends the answer.
        let at = strings
            .windows(3)
            .rposition(|three| three[0].len() == 12 && three[1].len() == 11 && three[2].len() == 2)?;
        let (first, second) = (&strings[at], &strings[at + 1]);
        let flag = |text: &str| text == "1";
        let number = |text: &str| text.parse().unwrap_or(0);
        Some(HostStatus {
            paper_out: flag(first[1]),
            paused: flag(first[2]),
            formats_waiting: number(first[4]),
            buffer_full: flag(first[5]),
            too_cold: flag(first[10]),
            too_hot: flag(first[11]),
            head_open: flag(second[2]),
            ribbon_out: flag(second[3]),
            label_waiting: flag(second[7]),
            labels_remaining: number(second[8]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of the guide, "~HS: Host Status Return", with its field names in their places.
    fn answer(paper_out: u8, head_up: u8) -> Vec<u8> {
        format!(
            "\u{2}030,{paper_out},0,1245,000,0,0,0,000,0,0,0\u{3}\r\n\u{2}000,0,{head_up},0,0,2,4,0,00000000,1,000\u{3}\r\n\u{2}1234,0\u{3}\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn what_a_text_says_is_never_a_command() {
        let mut format = Format::new(400, 200);
        format.text(10, 10, 30, "^XA~JA_\\ Müller\r\n");
        let text = String::from_utf8(format.finish()).expect("ASCII");
        assert_eq!(
            text,
            "^XA^CI28^PW400^LL200^LH0,0^FO10,10^A0N,30^FH^FD_5EXA_7EJA_5F_5C M_C3_BCller  ^FS^PQ1^XZ\r\n"
        );
    }

    #[test]
    fn codes_are_written_as_the_guide_has_them() {
        let mut format = Format::new(400, 200);
        format.code(1, 2, Symbology::DataMatrix { module: 5 }, "24:6F").expect("plain");
        format.code(1, 2, Symbology::Qr { module: 4 }, "24:6F").expect("plain");
        format.code(1, 2, Symbology::Code128 { height: 60, module: 2 }, "A>B").expect("plain");
        for foreign in ["Müller", "a~b", "a\nb"] {
            assert_eq!(format.code(1, 2, Symbology::Qr { module: 4 }, foreign), Err(NotPlain));
        }
        let text = String::from_utf8(format.finish()).expect("ASCII");
        assert!(text.contains("^FO1,2^BXN,5,200^FH^FD24:6F^FS"), "{text}");
        assert!(text.contains("^FO1,2^BQN,2,4^FH^FDMA,24:6F^FS"), "{text}");
        assert!(text.contains("^FO1,2^BY2^BCN,60,N,N,N^FH^FDA>0B^FS"), "{text}");
    }

    #[test]
    fn a_status_is_read_however_it_is_cut() {
        let bytes = answer(1, 0);
        for cut in 0..bytes.len() {
            let mut reader = StatusReader::default();
            reader.take(&bytes[..cut]);
            assert!(cut > bytes.len() - 3 || reader.status().is_none(), "not all of it is there at {cut}");
            reader.take(&bytes[cut..]);
            let status = reader.status().expect("all of it is there");
            assert!(status.paper_out && !status.head_open && !status.paused);
        }
    }

    #[test]
    fn noise_around_a_status_does_not_matter_and_the_newest_counts() {
        let mut reader = StatusReader::default();
        reader.take(b"\x02broken,1\x03 hello ");
        reader.take(&answer(1, 1));
        reader.take(&answer(0, 0));
        assert_eq!(reader.status(), Some(HostStatus::default()));
        reader.take(&[b'x'; 5000]);
        assert_eq!(reader.status(), None);
    }
}
