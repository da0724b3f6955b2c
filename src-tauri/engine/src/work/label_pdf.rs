//! A label as a PDF page of its own size, with the code drawn as vectors and the lines in Helvetica.
//!
//! The standard font of PDF readers needs no font file; its letters are those of Windows-1252, and any other letter is
//! printed as a question mark. Not here: label printers (`labels.rs`).

use crate::plan::label::{FilledLabel, LabelPlan, Symbol};
use crate::plan::symbol::Modules;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

const POINTS_PER_MM: f32 = 72.0 / 25.4;
/// Helvetica's letters are about this wide, in parts of their height.
const LETTER_WIDTH: f32 = 0.56;

/// `None` when the code cannot be drawn.
pub(crate) fn pdf(plan: &LabelPlan, label: &FilledLabel) -> Option<Vec<u8>> {
    let modules = Modules::of(plan.symbol, &label.code)?;
    let (width, height) = (plan.width_mm as f32 * POINTS_PER_MM, plan.height_mm as f32 * POINTS_PER_MM);
    let margin = 2.0 * POINTS_PER_MM;
    let mut content = Content::new();
    content.set_fill_gray(0.0);
    // The code: a square on the left, or bars along the bottom.
    let (box_width, box_height, bar) = match plan.symbol {
        Symbol::Code128 => (width - 2.0 * margin, height / 3.0, height / 3.0),
        Symbol::Qr | Symbol::DataMatrix => {
            let side = (height - 2.0 * margin).min(width / 2.0);
            (side, side, side / modules.height as f32)
        }
    };
    let module = box_width / modules.width as f32;
    let top = if plan.symbol == Symbol::Code128 { margin + box_height } else { height - margin };
    for (x, y, length) in modules.runs() {
        let (x, y) = (margin + x as f32 * module, top - (y + 1) as f32 * bar);
        content.rect(x, y, length as f32 * module, bar);
    }
    content.fill_nonzero();
    let (text_x, text_height) = match plan.symbol {
        Symbol::Code128 => (margin, height - 2.0 * margin - box_height),
        Symbol::Qr | Symbol::DataMatrix => (2.0 * margin + box_width, height - 2.0 * margin),
    };
    let count = label.lines.len().max(1) as f32;
    let longest = label.lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(1) as f32;
    // As large as all lines fit, in height and in width.
    let size =
        (text_height / count * 0.8).min((width - margin - text_x) / longest / LETTER_WIDTH).clamp(3.0, 14.0);
    for (at, line) in label.lines.iter().enumerate() {
        content.begin_text();
        content.set_font(Name(b"F"), size);
        content.next_line(text_x, height - margin - size - at as f32 * size * 1.25);
        content.show(Str(&windows_1252(line)));
        content.end_text();
    }
    let [catalog, pages, page, font, stream] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut leaf = pdf.page(page);
    leaf.media_box(Rect::new(0.0, 0.0, width, height)).parent(pages).contents(stream);
    leaf.resources().fonts().pair(Name(b"F"), font);
    leaf.finish();
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.stream(stream, &content.finish());
    Some(pdf.finish())
}

fn windows_1252(text: &str) -> Vec<u8> {
    const HIGH: [(char, u8); 17] = [
        ('€', 0x80),
        ('‚', 0x82),
        ('„', 0x84),
        ('…', 0x85),
        ('Š', 0x8A),
        ('Œ', 0x8C),
        ('Ž', 0x8E),
        ('‘', 0x91),
        ('’', 0x92),
        ('“', 0x93),
        ('”', 0x94),
        ('•', 0x95),
        ('–', 0x96),
        ('—', 0x97),
        ('™', 0x99),
        ('š', 0x9A),
        ('ž', 0x9E),
    ];
    text.chars()
        .map(|letter| match u32::from(letter) {
            code @ (0x20..=0x7E | 0xA0..=0xFF) => code as u8,
            _ => HIGH.iter().find(|(known, _)| *known == letter).map_or(b'?', |(_, byte)| *byte),
        })
        .collect()
}
