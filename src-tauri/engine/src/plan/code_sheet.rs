//! A sheet of command codes to print and to laminate: one HTML file without scripts or anything from elsewhere.
//!
//! Not here: the words beside the codes, which the faces bring along, and what a code does (`scanner.rs`).

use crate::plan::label::Symbol;
use crate::plan::symbol::Modules;
use std::fmt::Write;

/// One code with what it does, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetCode {
    pub text: String,
    pub title: String,
}

/// Writes the sheet. Codes that the symbol cannot carry (a name with letters beyond ASCII) are drawn as QR, or where that
/// fails, too, left out with a remark.
pub fn html(title: &str, language: &str, symbol: Symbol, codes: &[SheetCode]) -> String {
    let mut page = format!(
        r#"<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 10mm; color: #000; background: #fff; }}
h1 {{ font-size: 1.3rem; margin: 0 0 6mm; }}
ul {{ list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(58mm, 1fr)); gap: 8mm; }}
li {{ break-inside: avoid; border: 1px solid #999; border-radius: 2mm; padding: 5mm; text-align: center; }}
svg {{ display: block; margin: 0 auto 3mm; }}
strong {{ display: block; font-size: 1.1rem; }}
small {{ font-family: ui-monospace, monospace; overflow-wrap: anywhere; }}
@page {{ margin: 12mm; }}
</style>
</head>
<body>
<h1>{title}</h1>
<ul>
"#,
        title = escaped(title),
        language = escaped(language),
    );
    for code in codes {
        let drawn = svg(symbol, &code.text).unwrap_or_else(|| "<p>—</p>".to_owned());
        let _ = writeln!(
            page,
            "<li>{drawn}<strong>{}</strong><small>{}</small></li>",
            escaped(&code.title),
            escaped(&code.text)
        );
    }
    page.push_str("</ul>\n</body>\n</html>\n");
    page
}

fn svg(symbol: Symbol, text: &str) -> Option<String> {
    let modules = Modules::of(symbol, text)?;
    // The quiet zones that the standards ask for: ten modules beside bars, four around a QR code.
    let (quiet, bar) = if symbol == Symbol::Code128 { (10, 40) } else { (4, 1) };
    let (width, height) = (modules.width + 2 * quiet, modules.height * bar + 2 * quiet.min(4));
    let mm = if symbol == Symbol::Code128 { (width as f64 * 0.3, 18.0) } else { (30.0, 30.0) };
    let mut drawn = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{:.1}mm" height="{:.1}mm" viewBox="0 0 {width} {height}" preserveAspectRatio="none" shape-rendering="crispEdges" role="img" aria-label="{}"><path d=""#,
        mm.0,
        mm.1,
        escaped(text)
    );
    for (x, y, length) in modules.runs() {
        let _ = write!(drawn, "M{},{}h{length}v{bar}h-{length}z", x + quiet, y * bar + quiet.min(4));
    }
    drawn.push_str("\"/></svg>");
    Some(drawn)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scanner::Command;

    #[test]
    fn a_sheet_shows_every_code_and_no_markup_of_names() {
        let codes: Vec<SheetCode> = Command::all(3)
            .iter()
            .map(|command| SheetCode { text: command.code(), title: "<b>Do & go</b>".to_owned() })
            .collect();
        for symbol in [Symbol::Code128, Symbol::Qr, Symbol::DataMatrix] {
            let page = html("Hall 2", "en", symbol, &codes);
            assert_eq!(page.matches("<svg").count(), codes.len());
            assert!(codes.iter().all(|code| page.contains(&code.text)));
            assert!(!page.contains("<b>"), "names are text");
        }
    }
}
