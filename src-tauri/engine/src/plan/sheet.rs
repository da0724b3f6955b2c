//! A table of texts, read from CSV or XLSX as people's programs write them: whatever delimiter, mark and encoding.
//!
//! Cells stay texts, so leading zeros stay. Not here: what a column means (`plan/batch.rs`). A sheet may hold secrets until
//! its columns were read, so it has no `Debug`.

use calamine::{Data, Reader};
use std::io::Cursor;

/// No batch is larger than this; a file that is was chosen by mistake.
pub(crate) const BYTES_MOST: usize = 64 * 1024 * 1024;
/// Rows, of which 10,000 have to work.
pub(crate) const ROWS_MOST: usize = 100_000;
/// Columns, of which a batch knows eight and some metadata.
pub(crate) const COLUMNS_MOST: usize = 512;
/// A cell longer than this is no value that a device or a cloud would take.
pub(crate) const CELL_MOST: usize = 32 * 1024;
/// How much of a file is enough to tell its delimiter.
const LOOK: usize = 64 * 1024;

/// A heading and the rows under it.
pub struct Sheet {
    pub heading: Vec<String>,
    pub rows: Vec<SheetRow>,
    /// How it was read, for a person who wonders.
    pub form: SheetForm,
}

pub struct SheetRow {
    /// The line of the file (CSV) or the row of the spreadsheet where it begins, counted from 1.
    pub line: u32,
    /// As many as the heading has.
    pub cells: Vec<String>,
    /// Cells beyond the heading, which no column names.
    pub surplus: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SheetForm {
    Csv { delimiter: char, encoding: &'static str },
    Xlsx { sheet: String },
}

/// Why a file is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MB", BYTES_MOST / 1024 / 1024)]
    TooLarge,
    #[error("the file has more than {ROWS_MOST} rows")]
    TooManyRows,
    #[error("the file has more than {COLUMNS_MOST} columns")]
    TooManyColumns,
    #[error(
        "line {line} has a cell of more than {CELL_MOST} bytes; a quotation mark may be missing before it"
    )]
    CellTooLong { line: u32 },
    #[error("the file is not a table: {why}")]
    NotATable { why: String },
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet")
            .field("rows", &self.rows.len())
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SheetRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SheetRow").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Reads a file's content; what it is, is told by the content and not by its name.
pub fn read(content: &[u8]) -> Result<Sheet, SheetError> {
    if content.len() > BYTES_MOST {
        return Err(SheetError::TooLarge);
    }
    let sheet = match content.starts_with(b"PK\x03\x04") {
        true => read_xlsx(content)?,
        false => read_csv(content)?,
    };
    match sheet.heading.iter().all(String::is_empty) {
        true => Err(SheetError::Empty),
        false => Ok(sheet),
    }
}

// ---- CSV

fn read_csv(content: &[u8]) -> Result<Sheet, SheetError> {
    let (text, encoding) = decode(content)?;
    let (mut text, told) = told_delimiter(&text);
    let delimiter = told.unwrap_or_else(|| likely_delimiter(text));
    let mut lines_before = u32::from(told.is_some());
    // Blank lines in front of the heading are no heading.
    while let Some(rest) = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')) {
        text = rest;
        lines_before += 1;
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut record = csv::StringRecord::new();
    let (mut counted, mut line) = (0, lines_before.saturating_add(1));
    loop {
        let read = reader.read_record(&mut record);
        match read {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(SheetError::NotATable { why: error.to_string() }),
        }
        // The reader says where it began to look; the rest of the line before and blank lines are still in front of the row.
        let begun = record.position().map_or(counted, |at| usize::try_from(at.byte()).unwrap_or(counted));
        let start = begun + text[begun..].len() - text[begun..].trim_start_matches(['\r', '\n']).len();
        line = line.saturating_add(line_ends(&text[counted..start]));
        counted = start;
        table.take(line, record.iter().map(str::to_owned))?;
    }
    table.finish(SheetForm::Csv { delimiter, encoding })
}

/// How many lines end in it, by whatever ends lines there.
fn line_ends(text: &str) -> u32 {
    let alone = text.matches('\r').count() - text.matches("\r\n").count();
    u32::try_from(text.matches('\n').count() + alone).unwrap_or(u32::MAX)
}

/// The text of a file with its encoding's name: by its mark, else UTF-8 if it is, else what is most likely.
fn decode(content: &[u8]) -> Result<(String, &'static str), SheetError> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(content) {
        let (text, _) = encoding.decode_without_bom_handling(&content[mark..]);
        return Ok((text.into_owned(), encoding.name()));
    }
    let nulls =
        |from: usize| content.iter().skip(from).step_by(2).take(LOOK).filter(|byte| **byte == 0).count();
    let pairs = content.len().min(2 * LOOK) / 2;
    // Latin text in two bytes each without a mark: every other byte is nothing.
    for (from, encoding) in [(1, encoding_rs::UTF_16LE), (0, encoding_rs::UTF_16BE)] {
        if pairs > 1 && nulls(from) * 3 > pairs * 2 {
            let (text, _) = encoding.decode_without_bom_handling(content);
            return Ok((text.into_owned(), encoding.name()));
        }
    }
    if content.contains(&0) {
        return Err(SheetError::NotATable { why: "it holds bytes that no text has".to_owned() });
    }
    if let Ok(text) = std::str::from_utf8(content) {
        return Ok((text.to_owned(), encoding_rs::UTF_8.name()));
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(content, true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Allow);
    let (text, _) = encoding.decode_without_bom_handling(content);
    Ok((text.into_owned(), encoding.name()))
}

/// Spreadsheets write `sep=;` into the first line for each other.
fn told_delimiter(text: &str) -> (&str, Option<char>) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first
        .trim_end_matches('\r')
        .trim_matches('"')
        .strip_prefix("sep=")
        .map(|told| (told.chars().next(), told))
    {
        Some((Some(delimiter), told)) if told.chars().count() == 1 && delimiter.is_ascii() => {
            (rest, Some(delimiter))
        }
        _ => (text, None),
    }
}

/// The delimiter under which the first rows have the most columns alike.
fn likely_delimiter(text: &str) -> char {
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let look = &text[..end];
    let score = |delimiter: char| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter as u8)
            .has_headers(false)
            .flexible(true)
            .from_reader(look.as_bytes());
        let mut widths = reader.records().take(50).filter_map(Result::ok).map(|record| record.len());
        let heading = widths.next().unwrap_or(0);
        let (mut alike, mut rows) = (1_usize, 1_usize);
        for width in widths {
            rows += 1;
            alike += usize::from(width == heading);
        }
        // How many rows are alike counts first where there is more than one column.
        (heading > 1, alike * 100 / rows, heading)
    };
    // The last of those that are equal wins; a comma is what the name says.
    ['|', '\t', ';', ','].into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(',')
}

// ---- XLSX

fn read_xlsx(content: &[u8]) -> Result<Sheet, SheetError> {
    let broken = |error: calamine::XlsxError| SheetError::NotATable { why: error.to_string() };
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(content)).map_err(broken)?;
    // The first sheet that holds anything: some programs put an empty one in front.
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(broken)?;
        if range.is_empty() {
            continue;
        }
        let (first, left) = range.start().unwrap_or((0, 0));
        let mut table = Table::default();
        for (index, row) in range.rows().enumerate() {
            let line = first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)).saturating_add(1);
            let before = std::iter::repeat_n(String::new(), left as usize);
            table.take(line, before.chain(row.iter().map(cell)))?;
        }
        return table.finish(SheetForm::Xlsx { sheet: name });
    }
    Err(SheetError::Empty)
}

/// What a cell shows. Whole numbers are written without a fraction; leading zeros are there where the cell is a text.
fn cell(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        other => other.to_string(),
    }
}

// ---- both

/// Collects rows; the first that is not blank is the heading.
#[derive(Default)]
struct Table {
    heading: Option<Vec<String>>,
    rows: Vec<SheetRow>,
}

impl Table {
    fn take(&mut self, line: u32, cells: impl Iterator<Item = String>) -> Result<(), SheetError> {
        let mut cells: Vec<String> =
            cells.map(|cell| cell.trim_matches([' ', '\u{a0}', '\r', '\n', '\t']).to_owned()).collect();
        if cells.len() > COLUMNS_MOST {
            return Err(SheetError::TooManyColumns);
        }
        if cells.iter().any(|cell| cell.len() > CELL_MOST) {
            return Err(SheetError::CellTooLong { line });
        }
        if cells.iter().all(String::is_empty) {
            return Ok(());
        }
        let Some(heading) = &self.heading else {
            while cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            self.heading = Some(cells);
            return Ok(());
        };
        let surplus = cells.iter().skip(heading.len()).any(|cell| !cell.is_empty());
        cells.resize(heading.len(), String::new());
        self.rows.push(SheetRow { line, cells, surplus });
        match self.rows.len() > ROWS_MOST {
            true => Err(SheetError::TooManyRows),
            false => Ok(()),
        }
    }

    fn finish(self, form: SheetForm) -> Result<Sheet, SheetError> {
        let heading = self.heading.ok_or(SheetError::Empty)?;
        Ok(Sheet { heading, rows: self.rows, form })
    }
}

/// Writes a table as CSV for spreadsheets: UTF-8 with a mark, and no cell that one would take for a formula.
pub fn write_csv(heading: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = "\u{feff}".as_bytes().to_vec();
    let mut write = |row: &[String]| {
        let cells: Vec<String> =
            row.iter().map(|cell| crate::record::export::csv_field(&guarded(cell))).collect();
        out.extend_from_slice(cells.join(",").as_bytes());
        out.extend_from_slice(b"\r\n");
    };
    write(heading);
    rows.for_each(|row| write(&row));
    out
}

/// Whether a spreadsheet would take it for a formula, or we would take it for a guarded one.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

fn guarded(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// A cell as it was before [`write_csv`] guarded it.
pub(crate) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(content: &[u8]) -> Vec<Vec<String>> {
        let sheet = read(content).expect("a table");
        std::iter::once(sheet.heading).chain(sheet.rows.into_iter().map(|row| row.cells)).collect()
    }

    fn form(content: &[u8]) -> (char, &'static str) {
        match read(content).expect("a table").form {
            SheetForm::Csv { delimiter, encoding } => (delimiter, encoding),
            SheetForm::Xlsx { .. } => panic!("no spreadsheet"),
        }
    }

    #[test]
    fn delimiter_mark_and_encoding_are_told_by_the_content() {
        let rows = |d: char| format!("unit{d}name\r\n0042{d}Pumpe Süd\r\n0043{d}Pumpe Nord\r\n");
        let expected = [["unit", "name"], ["0042", "Pumpe Süd"], ["0043", "Pumpe Nord"]];
        for delimiter in [',', ';', '\t', '|'] {
            let text = rows(delimiter);
            assert_eq!(texts(text.as_bytes()), expected);
            assert_eq!(form(text.as_bytes()), (delimiter, "UTF-8"));
            assert_eq!(texts(format!("\u{feff}{text}").as_bytes()), expected);
            let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
            assert_eq!(texts(&latin), expected, "windows-1252");
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(texts(&little), expected, "UTF-16 without a mark");
            let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(little).collect();
            assert_eq!(texts(&marked), expected, "UTF-16 with a mark");
        }
    }

    #[test]
    fn a_comma_within_quotes_is_no_delimiter() {
        let text = "name;meta:Place\n\"a, b, c\";\"x, y\"\n\"d, e\";\"line\nbreak\"\n";
        assert_eq!(form(text.as_bytes()).0, ';');
        assert_eq!(texts(text.as_bytes())[2], ["d, e", "line\nbreak"]);
    }

    #[test]
    fn what_spreadsheets_say_to_each_other_is_no_heading() {
        let sheet = read(b"sep=;\r\nunit;name\r\n7;a,b\r\n").expect("a table");
        assert_eq!(sheet.heading, ["unit", "name"]);
        assert_eq!(sheet.rows[0].line, 3);
    }

    #[test]
    fn a_row_has_the_line_that_an_editor_shows_whatever_ends_the_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["unit,name", "1,a", "", "2,\"b", "c\"", "3,d", ""].join(end);
            let sheet = read(text.as_bytes()).expect("a table");
            let lines: Vec<u32> = sheet.rows.iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
        }
    }

    #[test]
    fn blank_rows_are_none_and_lines_are_those_of_the_file() {
        let sheet = read(b"\n\nunit,name\n\n,\n1,a\n2,b,surplus\n3\n").expect("a table");
        let rows: Vec<(u32, &[String], bool)> =
            sheet.rows.iter().map(|row| (row.line, &row.cells[..], row.surplus)).collect();
        let cells = |one: &str, two: &str| [one.to_owned(), two.to_owned()];
        assert_eq!(
            rows,
            [
                (6, &cells("1", "a")[..], false),
                (7, &cells("2", "b")[..], true),
                (8, &cells("3", "")[..], false)
            ]
        );
    }

    #[test]
    fn what_is_no_table_says_why() {
        assert_eq!(read(b"").err(), Some(SheetError::Empty));
        assert_eq!(read(b"\n , ,\n").err(), Some(SheetError::Empty));
        assert!(matches!(read(b"\x7fELF\0\0\x01").err(), Some(SheetError::NotATable { .. })));
        assert!(matches!(read(b"PK\x03\x04 no archive").err(), Some(SheetError::NotATable { .. })));
        let endless = format!("unit,name\n\"{}", "x,y\n".repeat(20_000));
        assert_eq!(read(endless.as_bytes()).err(), Some(SheetError::CellTooLong { line: 2 }));
    }

    #[test]
    fn a_guarded_cell_comes_back_as_it_was() {
        for text in ["=1+1", "-5", "@x", "plain", "'quoted", "0042"] {
            let file = write_csv(&["a".to_owned()], std::iter::once(vec![text.to_owned()]));
            assert_eq!(unguarded(&texts(&file)[1][0]), text);
        }
    }

    proptest! {
        /// Whatever is in a file, reading it ends, with a table or a reason.
        #[test]
        fn no_content_makes_the_reader_fall(content in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = read(&content);
            let _ = read(&[b"PK\x03\x04".as_slice(), &content].concat());
        }

        /// What we write, we read: every text, with every delimiter and quotation mark in it.
        #[test]
        fn a_table_that_was_written_is_read_again(
            rows in proptest::collection::vec(proptest::collection::vec("[ -~äöü€]{0,12}", 3), 1..20)
        ) {
            let rows: Vec<Vec<String>> = rows
                .into_iter()
                .map(|row| row.into_iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
                .filter(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty()))
                .collect();
            let heading = ["unit", "name", "wifi"].map(str::to_owned);
            let file = write_csv(&heading, rows.clone().into_iter());
            let read: Vec<Vec<String>> = read(&file)
                .expect("a table")
                .rows
                .into_iter()
                .map(|row| row.cells.iter().map(|cell| unguarded(cell).to_owned()).collect())
                .collect();
            prop_assert_eq!(read, rows);
        }
    }
}
