//! What leaves the house: it can be checked elsewhere, and nothing in it is taken for code.

use crate::events::*;
use engine::record::export::{MergeError, Words, csv, html, jsonl, merge, read_jsonl, verify_jsonl};
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
    for at in 0..text.len() {
        for mask in [0x01, 0x20] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= mask;
            let record = text[..at].matches('\n').count() as i64 + 1;
            match check(&bytes) {
                Err(JournalError::Damaged { record: named, .. }) => assert_eq!(named, record, "byte {at}"),
                other => panic!("byte {at} of {record}: {other:?}"),
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
        let (there, here) = (check(text.as_bytes()).expect("unaltered"), journal.verify().expect("intact"));
        prop_assert_eq!((there.facts, there.head), (here.facts, here.head));
        prop_assert_eq!(there.key, Some(journal.key()));
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
        let units = page.split("<h2>Units</h2>").nth(1).expect("the units come last");
        prop_assert_eq!(units.matches("<tr>").count(), ledger.units().count() + 1);

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

// ---- signed, and several together

#[tokio::test]
async fn an_export_names_the_key_that_signed_it() {
    let journal = Journal::in_memory();
    journal.append(job(1), finished(Outcome::Passed)).await.expect("memory");
    let text = text(&journal);
    let verified = check(text.as_bytes()).expect("unaltered");
    assert_eq!(verified.key, Some(journal.key()));
    // Somebody else's key over the same facts is another key, and no signature of ours.
    let other = Journal::in_memory();
    let forged = text.replace(&journal.key().hex(), &other.key().hex());
    assert_eq!(damaged(check(forged.as_bytes())), 2);
}

#[test]
fn an_export_from_before_there_were_signatures_is_intact_and_unsigned() {
    let text = concat!(
        r#"{"v":1,"at":"2026-11-23T06:18:05.123Z","event":"end","facts":0,"#,
        r#""hash":"0000000000000000000000000000000000000000000000000000000000000000"}"#,
        "\n"
    );
    let verified = check(text.as_bytes()).expect("as it was written");
    assert_eq!((verified.facts, verified.key), (0, None));
}

async fn station(number: u128, units: &[&str]) -> Journal {
    let journal = Journal::in_memory();
    for (at, unit) in units.iter().enumerate() {
        let id = job(number * 100 + at as u128);
        let events = journey(unit, i32::try_from(4711 + at).expect("small"));
        let events = events.into_iter().map(|event| (id, event)).collect();
        journal.append_all(events).await.expect("memory");
    }
    journal
}

fn merged(texts: &[String]) -> Result<String, MergeError> {
    let mut out = Vec::new();
    merge(texts, &Journal::in_memory(), NOW, &mut out)?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

#[tokio::test]
async fn two_stations_exports_merge_and_verify() {
    let (one, other) = (station(1, &["A", "B"]).await, station(2, &["C"]).await);
    let all = merged(&[text(&one), text(&other)]).expect("both are intact");
    let verified = check(all.as_bytes()).expect("intact");
    assert_eq!((verified.facts, verified.exports), (60, 2));
    let entries = read_jsonl(&mut all.as_bytes(), Path::new("all.jsonl")).expect("intact");
    let mut ledger = Ledger::default();
    entries.iter().for_each(|entry| ledger.take_in(entry));
    let units: Vec<&str> = ledger.units().map(|unit| unit.unit.0.as_str()).collect();
    assert_eq!(units, ["A", "B", "C"]);
    assert!(ledger.units().all(|unit| unit.outcome == Some(Outcome::Passed)));
    // A merged file goes on being merged.
    let third = station(3, &["D"]).await;
    let more = merged(&[all, text(&third)]).expect("all are intact");
    assert_eq!(check(more.as_bytes()).expect("intact").exports, 3);
}

#[tokio::test]
async fn a_station_that_was_exported_twice_counts_once() {
    let journal = station(1, &["A"]).await;
    let early = text(&journal);
    journal.append(job(900), queued()).await.expect("memory");
    let late = text(&journal);
    for order in [[early.clone(), late.clone()], [late, early.clone()], [early.clone(), early]] {
        let all = merged(&order).expect("they are of one journal");
        assert_eq!(check(all.as_bytes()).expect("intact").exports, 1);
    }
}

#[tokio::test]
async fn a_merged_file_that_lacks_an_export_or_its_end_is_found() {
    let (one, other) = (station(1, &["A"]).await, station(2, &["B"]).await);
    let all = merged(&[text(&one), text(&other)]).expect("both are intact");
    let lines: Vec<&str> = all.lines().collect();
    let file = |lines: &[&str]| format!("{}\n", lines.join("\n"));
    damaged(check(file(&lines[..lines.len() - 1]).as_bytes()));
    let without_the_first: Vec<&str> = lines[21..].to_vec();
    damaged(check(file(&without_the_first).as_bytes()));
    let without_the_second: Vec<&str> = [&lines[..21], &lines[42..]].concat();
    damaged(check(file(&without_the_second).as_bytes()));
    let swapped: Vec<&str> = [&lines[21..42], &lines[..21], &lines[42..]].concat();
    damaged(check(file(&swapped).as_bytes()));
    // A bit in any line of it.
    for line in 0..lines.len() {
        let mut altered: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        altered[line] = altered[line].replacen("\"v\":", "\"w\":", 1);
        let text = format!("{}\n", altered.join("\n"));
        damaged(check(text.as_bytes()));
    }
    assert!(matches!(
        merged(&[text(&one), text(&other).replace("passed", "failed")]),
        Err(MergeError::Export { at: 1, .. })
    ));
}
