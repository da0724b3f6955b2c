//! What leaves the house: it can be checked elsewhere, and nothing in it is taken for code.

use crate::events::*;
use engine::record::export::{Words, csv, html, jsonl, verify_jsonl};
use engine::record::{Journal, JournalError, Ledger, Verified};
use engine::*;
use proptest::prelude::*;
use std::path::Path;

/// Time of the exports, milliseconds since the Unix epoch: 2026-11-23T06:18:05.123Z.
const NOW: i64 = 1_795_414_685_123;

async fn exported() -> String {
    let journal = Journal::in_memory();
    let events = journey("24:6F:28:11:22:33", 4711).into_iter().map(|event| (job(1), event)).collect();
    journal.append_all(events).await.expect("memory");
    text(&journal)
}

fn text(journal: &Journal) -> String {
    let mut out = Vec::new();
    let verified = jsonl(journal, NOW, &mut out).expect("memory takes everything");
    assert_eq!(verified, journal.verify().expect("intact"));
    String::from_utf8(out).expect("JSON is text")
}

fn check(bytes: &[u8]) -> Result<Verified, JournalError> {
    verify_jsonl(&mut &*bytes, Path::new("record.jsonl"))
}

fn damaged(result: Result<Verified, JournalError>) -> i64 {
    match result {
        Err(JournalError::Damaged { record, .. }) => record,
        other => panic!("it was altered, but: {other:?}"),
    }
}

fn words<'a>() -> Words<'a> {
    Words {
        fault: &|fault| format!("<{}>", fault.code),
        outcome: &|outcome| format!("{outcome:?}").to_lowercase(),
    }
}

#[tokio::test]
async fn an_export_is_verified_without_the_journal() {
    let text = exported().await;
    let verified = check(text.as_bytes()).expect("unaltered");
    assert_eq!(verified.facts, 20);
    assert_eq!(text.lines().count(), 21);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        assert_eq!(line["v"], 1);
        assert!(line["at"].as_str().is_some_and(|at| at.ends_with('Z') && at.len() == 24), "{line}");
        assert!(line["event"] == "fact" || line["event"] == "end");
    }
    let last = text.lines().last().expect("there are lines");
    assert!(
        last.starts_with(r#"{"v":1,"at":"2026-11-23T06:18:05.123Z","event":"end","facts":20,"#),
        "{last}"
    );
}

#[test]
fn an_empty_journal_has_an_export() {
    let text = text(&Journal::in_memory());
    assert_eq!(check(text.as_bytes()).map(|verified| verified.facts).ok(), Some(0));
}

#[tokio::test]
async fn a_line_that_is_gone_moved_or_new_is_named() {
    let text = exported().await;
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));

    let mut gone = lines.clone();
    gone.remove(9);
    assert_eq!(damaged(check(joined(&gone).as_bytes())), 10);
    let mut moved = lines.clone();
    moved.swap(9, 10);
    assert_eq!(damaged(check(joined(&moved).as_bytes())), 10);
    let mut twice = lines.clone();
    twice.insert(9, lines[8]);
    assert_eq!(damaged(check(joined(&twice).as_bytes())), 10);
    assert_eq!(damaged(check(joined(&lines[..12]).as_bytes())), 13, "cut");
    let mut cut_out = lines.clone();
    cut_out.drain(12..20);
    assert_eq!(damaged(check(joined(&cut_out).as_bytes())), 13, "the end says how many there were");
    assert_eq!(damaged(check(format!("{text}\n").as_bytes())), 21, "something after the end");
    assert_eq!(damaged(check(text.trim_end().as_bytes())), 21, "the last line is cut");
    assert_eq!(damaged(check(b"")), 1);
}

/// Every byte of a small export, altered in a bit and in its case.
#[tokio::test]
async fn no_byte_of_an_export_can_be_altered() {
    let journal = Journal::in_memory();
    for event in [queued(), reserved(4711), finished(Outcome::Passed)] {
        journal.append(job(1), event).await.expect("memory");
    }
    let text = text(&journal);
    let last = text.lines().last().expect("there are lines");
    // When the export was made is nobody's record; everything else is covered.
    let made_at = text.len() - last.len() - 1 + r#"{"v":1,"at":""#.len();
    let made_at = made_at..made_at + 24;
    for at in 0..text.len() {
        for mask in [0x01, 0x20] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= mask;
            let record = text[..at].matches('\n').count() as i64 + 1;
            match check(&bytes) {
                Err(JournalError::Damaged { record: named, .. }) => assert_eq!(named, record, "byte {at}"),
                other => assert!(other.is_ok() && made_at.contains(&at), "byte {at} of {record}: {other:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_was_recorded_can_be_exported_and_verified(facts in any_facts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let journal = Journal::in_memory();
        let events = facts.iter().map(|fact| (fact.job, fact.event.clone())).collect();
        runtime.block_on(journal.append_all(events)).expect("memory");
        let text = text(&journal);
        prop_assert_eq!(check(text.as_bytes()).expect("unaltered"), journal.verify().expect("intact"));
    }

    /// Whatever devices and people call things: a table stays a table, and markup is ours alone.
    #[test]
    fn names_are_never_taken_for_code(facts in any_facts()) {
        let ledger = Ledger::fold(&facts);
        let mut page = Vec::new();
        html(&ledger, NOW, &words(), &mut page).expect("memory takes everything");
        let page = String::from_utf8(page).expect("text");
        let body = page.split("<body>").nth(1).expect("a page has a body");
        let ours = ["h1", "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "span", "small", "br", "body", "html"];
        for tag in body.split('<').skip(1) {
            let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
            prop_assert!(ours.contains(&name), "<{}", tag);
        }
        prop_assert_eq!(page.matches("<tr>").count(), ledger.units().count() + 1);

        let mut table = Vec::new();
        csv(&ledger, &mut table).expect("memory takes everything");
        let table = String::from_utf8(table).expect("text");
        let rows = rows(table.strip_prefix('\u{feff}').expect("a mark for spreadsheets"));
        prop_assert_eq!(rows.len(), ledger.jobs().count() + 1);
        for row in &rows {
            prop_assert_eq!(row.len(), rows[0].len());
            for field in row {
                prop_assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", field);
            }
        }
    }
}

/// A reader of RFC 4180 of the test's own.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut field)),
            ('\r', false) if letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (letter, _) => field.push(letter),
        }
    }
    assert!(field.is_empty() && row.is_empty(), "the last row is ended");
    rows
}

#[tokio::test]
async fn a_table_has_a_row_for_each_job() {
    let facts = numbered(journey("24:6F:28:11:22:33", 4711).into_iter().map(|event| (job(1), event)));
    let mut table = Vec::new();
    csv(&Ledger::fold(&facts), &mut table).expect("memory takes everything");
    let table = String::from_utf8(table).expect("text");
    let rows = rows(table.trim_start_matches('\u{feff}'));
    let field = |name: &str| {
        let column = rows[0].iter().position(|column| column == name).expect(name);
        rows[1][column].as_str()
    };
    assert_eq!(field("unit"), "24:6F:28:11:22:33");
    assert_eq!(field("name"), "Pump 4");
    assert_eq!(field("outcome"), "passed");
    assert_eq!(field("device_id"), "4711");
    assert_eq!(field("began"), "1970-01-01T00:00:00.000Z");
    assert_eq!(field("elapsed_ms"), "190");
    assert_eq!(field("connect_ms"), "20");
    assert_eq!(field("wifi"), "Werkstatt");
    assert_eq!(field("fault"), "");
}

#[test]
fn a_report_says_what_happened_in_words() {
    let failed =
        JobEvent::Finished { outcome: Outcome::Failed, fault: Some(fault(FaultCode::WifiPasswordRefused)) };
    let facts = [queued(), identified("24:6F:28:11:22:33", 1), failed].map(|event| (job(1), event));
    let mut page = Vec::new();
    html(&Ledger::fold(&numbered(facts)), NOW, &words(), &mut page).expect("memory takes everything");
    let page = String::from_utf8(page).expect("text");
    assert!(page.contains("1 units: 0 passed, 1 failed"), "{page}");
    assert!(page.contains("&lt;wifi.password_refused&gt; <small>(wifi.password_refused)</small>"));
    assert!(page.contains("2026-11-23 06:18 UTC"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
}
