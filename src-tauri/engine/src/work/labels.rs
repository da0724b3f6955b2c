//! Labels of units that passed: filled in, drawn for the printer at hand, printed one after another.
//!
//! A print is an act: its intent is in the journal before, its result after. A printer that lacks something keeps the unit
//! waiting and is looked at again; a label that may have come out is never printed again by itself. Not here: the rules of
//! a station (`station.rs`), and how a printer is reached (`link`).

use crate::plan::label::{FilledLabel, LabelFields, LabelPlan, PrinterPlan, Symbol};
use crate::work::label_pdf;
use link::printer::{FolderPrinter, NetworkPrinter, Printer, PrinterError, PrinterTrouble, UsbPrinter};
use proto::zpl::{Format, Symbology};
use std::sync::Arc;

/// The printer that a plan names. Nothing is opened.
pub fn printer(plan: &PrinterPlan) -> Arc<dyn Printer> {
    match plan {
        PrinterPlan::Network { address, .. } => Arc::new(NetworkPrinter::new(*address)),
        PrinterPlan::Usb { path, .. } => Arc::new(UsbPrinter::new(path.clone())),
        PrinterPlan::Pdf { folder } => Arc::new(FolderPrinter::new(folder.clone(), "pdf")),
    }
}

/// What the printer is handed.
///
/// # Errors
/// [`PrinterTrouble::Unprintable`] for a code with letters that it cannot carry.
pub fn drawn(plan: &LabelPlan, fields: &LabelFields) -> Result<Vec<u8>, PrinterError> {
    let label = plan.fill(fields);
    let unprintable = || PrinterError::before(PrinterTrouble::Unprintable);
    match &plan.printer {
        PrinterPlan::Network { dpi, .. } | PrinterPlan::Usb { dpi, .. } => {
            zpl(plan, &label, *dpi).ok_or_else(unprintable)
        }
        PrinterPlan::Pdf { .. } => label_pdf::pdf(plan, &label).ok_or_else(unprintable),
    }
}

/// The code on the left (barcodes: below), the lines beside it.
fn zpl(plan: &LabelPlan, label: &FilledLabel, dpi: u32) -> Option<Vec<u8>> {
    let dots = |mm: u32| mm * dpi * 10 / 254;
    let (width, height) = (dots(plan.width_mm), dots(plan.height_mm));
    let margin = dots(2);
    let mut format = Format::new(width, height);
    let module = (dpi / 50).clamp(2, 10);
    let count = u32::try_from(label.lines.len()).unwrap_or(u32::MAX).max(1);
    let (text_x, text_height) = match plan.symbol {
        Symbol::Code128 => {
            let bars = height / 3;
            let code = Symbology::Code128 { height: bars, module: (dpi / 100).max(2) };
            format.code(margin, height.saturating_sub(margin + bars), code, &label.code).ok()?;
            (margin, (height - bars).saturating_sub(2 * margin) / count)
        }
        Symbol::Qr | Symbol::DataMatrix => {
            let code = match plan.symbol {
                Symbol::Qr => Symbology::Qr { module },
                Symbol::DataMatrix | Symbol::Code128 => Symbology::DataMatrix { module },
            };
            format.code(margin, margin, code, &label.code).ok()?;
            (
                margin + height.saturating_sub(2 * margin).min(width / 2) + margin,
                height.saturating_sub(2 * margin) / count,
            )
        }
    };
    for (at, line) in (0..).zip(&label.lines) {
        let letters = text_height.min(dots(5)) * 4 / 5;
        format.text(text_x, margin + at * text_height.min(dots(5)), letters, line);
    }
    Some(format.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_drawn_in_the_printers_own_dots() {
        let plan = LabelPlan {
            printer: PrinterPlan::Network { address: ([127, 0, 0, 1], 9100).into(), dpi: 203 },
            width_mm: 50,
            height_mm: 25,
            lines: vec!["{name}".into(), "{unit}".into()],
            code: "{unit}".into(),
            symbol: Symbol::DataMatrix,
            scan_back: true,
        };
        let fields =
            LabelFields([("unit", "24:6F:28:11:22:33".to_owned()), ("name", "Pümp ^XA".to_owned())].into());
        let zpl = String::from_utf8(drawn(&plan, &fields).expect("plain")).expect("ASCII");
        assert!(zpl.starts_with("^XA^CI28^PW399^LL199^LH0,0"), "{zpl}");
        assert!(zpl.contains("^BXN,4,200^FH^FD24:6F:28:11:22:33^FS"), "{zpl}");
        assert!(zpl.contains("^FDP_C3_BCmp _5EXA^FS"), "{zpl}");
        let foreign = LabelFields([("unit", "Ü".to_owned())].into());
        assert_eq!(drawn(&plan, &foreign), Err(PrinterError::before(PrinterTrouble::Unprintable)));
    }
}
