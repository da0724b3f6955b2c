//! What a label printer says of itself.

use proto::zpl::{Format, StatusReader, Symbology};

pub fn status_seeds() -> Vec<Vec<u8>> {
    [
        "\u{2}030,1,0,1245,000,0,0,0,000,0,0,0\u{3}\r\n\u{2}000,0,1,0,0,2,4,0,00000000,1,000\u{3}\r\n\u{2}1234,0\u{3}\r\n",
        "noise\u{2}030,0,0,1245,000,0,0,0,000,0,0,0\u{3}\u{2}000,0,0,0,0,2,4,0,00000007,1,000\u{3}\u{2}1234,0\u{3}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Any cut of the stream gives the same status; and whatever a label says, it is one format and no command.
pub fn status(input: &[u8]) {
    let mut whole = StatusReader::default();
    whole.take(input);
    let mut cut = StatusReader::default();
    input.chunks(3).for_each(|piece| cut.take(piece));
    assert_eq!(whole.status(), cut.status());
    let text = String::from_utf8_lossy(input);
    let mut format = Format::new(400, 200);
    format.text(1, 2, 30, &text);
    let plain = format.code(1, 2, Symbology::Code128 { height: 60, module: 2 }, &text).is_ok();
    let written = format.finish();
    assert!(!written.contains(&b'~'));
    assert_eq!(written.windows(3).filter(|three| *three == b"^XZ").count(), 1);
    assert_eq!(written.windows(3).filter(|three| *three == b"^FD").count(), 1 + usize::from(plain));
}
