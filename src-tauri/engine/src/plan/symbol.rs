//! Codes as dark and light modules, for whatever draws them: Code 128 as one row, QR and DataMatrix as squares.
//!
//! Not here: label printers, which draw codes by themselves (`proto/src/zpl.rs`).

use crate::plan::label::Symbol;

/// The quiet zone around it is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    pub width: usize,
    pub height: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// `None` for a text that the symbol cannot carry: no plain ASCII, or too long.
    pub fn of(symbol: Symbol, text: &str) -> Option<Modules> {
        if text.is_empty() || !text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
            return None;
        }
        match symbol {
            Symbol::Code128 => {
                // Ɓ: the set with small letters.
                let bars = barcoders::sym::code128::Code128::new(format!("\u{181}{text}")).ok()?.encode();
                let dark: Vec<bool> = bars.into_iter().map(|bar| bar == 1).collect();
                Some(Modules { width: dark.len(), height: 1, dark })
            }
            Symbol::Qr => {
                let code =
                    qrcode::QrCode::with_error_correction_level(text.as_bytes(), qrcode::EcLevel::M).ok()?;
                let dark: Vec<bool> =
                    code.to_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect();
                Some(Modules { width: code.width(), height: code.width(), dark })
            }
            Symbol::DataMatrix => {
                let code = datamatrix::DataMatrix::encode(
                    text.as_bytes(),
                    datamatrix::SymbolList::default().enforce_square(),
                )
                .ok()?;
                let bitmap = code.bitmap();
                let (width, height) = (bitmap.width(), bitmap.height());
                let mut dark = vec![false; width * height];
                bitmap.pixels().for_each(|(x, y)| dark[y * width + x] = true);
                Some(Modules { width, height, dark })
            }
        }
    }

    /// Horizontal runs of dark modules: column, row, length.
    pub fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.dark.chunks(self.width).enumerate().flat_map(|(row, cells)| {
            let mut runs = Vec::new();
            let mut column = 0;
            while column < cells.len() {
                let length = cells[column..].iter().take_while(|dark| **dark).count();
                if length > 0 {
                    runs.push((column, row, length));
                }
                column += length.max(1);
            }
            runs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_carries_a_command() {
        for (symbol, side) in [(Symbol::Qr, 21), (Symbol::DataMatrix, 16)] {
            let code = Modules::of(symbol, "FIRSTLIGHTSLOTDF").expect("plain");
            assert!(code.width == code.height && code.width >= side, "{symbol:?} {}", code.width);
            assert!(code.runs().count() > code.height, "{symbol:?} has a pattern");
        }
        // 11 modules for start, each letter and the check sign, 13 for the stop.
        let bars = Modules::of(Symbol::Code128, "FIRSTLIGHTGO").expect("plain");
        assert_eq!((bars.width, bars.height), (11 * 14 + 13, 1));
        assert_eq!(bars.runs().next(), Some((0, 0, 2)), "the start sign begins with a bar of two");
        assert_eq!(Modules::of(Symbol::Qr, "Müller"), None);
        assert_eq!(Modules::of(Symbol::Qr, ""), None);
    }
}
