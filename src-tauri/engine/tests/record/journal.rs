//! Nothing is lost, nothing is altered unnoticed, nobody else writes.

use crate::events::*;
use engine::record::batch::{BatchItem, Bind};
use engine::record::export::{jsonl, verify_jsonl};
use engine::record::journal::{JOURNAL_FILE, JOURNAL_VERSION};
use engine::record::{BatchEvent, BatchId, Entry, Journal, JournalError, Ledger, Note};
use engine::*;
use proptest::prelude::*;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

async fn written(dir: &Path) -> Vec<Fact> {
    let journal = Journal::open(dir).expect("a fresh folder");
    let events = journey("24:6F:28:11:22:33", 4711).into_iter().map(|event| (job(1), event)).collect();
    journal.append_all(events).await.expect("a fresh journal")
}

/// Changes the file behind the journal's back.
fn tamper(dir: &Path, sql: &str) {
    let db = Connection::open(dir.join(JOURNAL_FILE)).expect("the journal is closed");
    db.execute_batch("DROP TRIGGER facts_stay; DROP TRIGGER facts_stay_as_they_are;")
        .expect("both are there");
    db.execute_batch(sql).expect("the test's own SQL");
}

fn verdict(dir: &Path) -> Result<u64, JournalError> {
    Journal::open(dir)?.verify().map(|verified| verified.facts)
}

#[track_caller]
fn assert_damaged(dir: &Path, expected: i64) {
    match verdict(dir) {
        Err(JournalError::Damaged { record, .. }) => assert_eq!(record, expected),
        other => panic!("record {expected} was altered, but: {other:?}"),
    }
}

#[tokio::test]
async fn facts_are_there_after_reopening() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let facts = written(dir.path()).await;
    let journal = Journal::open(dir.path()).expect("it was closed");
    assert_eq!(journal.facts().expect("intact"), facts);
    assert_eq!(journal.facts_of(job(1)).expect("intact"), facts);
    assert_eq!(journal.facts_of(job(2)).expect("intact"), []);
    assert_eq!(journal.ledger().expect("intact"), Ledger::fold(&facts));
    assert_eq!(journal.verify().expect("intact").facts, facts.len() as u64);
    let next = journal.append(job(2), queued()).await.expect("it goes on");
    assert_eq!(next.seq, facts.len() as i64 + 1);
    assert_eq!(journal.verify().expect("intact").facts, next.seq.unsigned_abs());
}

#[tokio::test]
async fn a_journal_in_memory_is_the_same_journal() {
    let journal = Journal::in_memory();
    let events = journey("A", 1).into_iter().map(|event| (job(1), event)).collect();
    let facts = journal.append_all(events).await.expect("memory");
    assert_eq!(journal.facts().expect("memory"), facts);
    assert_eq!(journal.clone().facts_of(job(1)).expect("memory"), facts);
    assert_eq!(journal.verify().expect("intact").facts, facts.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_journal_in_memory_keeps_to_a_paused_clock() {
    let journal = Journal::in_memory();
    let timer = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    let first = journal.append(job(1), queued()).await.expect("memory");
    assert!(!timer.is_finished(), "waiting for the journal must not let the clock run ahead");
    tokio::time::advance(Duration::from_millis(250)).await;
    let second = journal.append(job(1), finished(Outcome::Failed)).await.expect("memory");
    assert_eq!(second.at - first.at, 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_get_one_order() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..40 {
        let journal = journal.clone();
        writers.spawn(async move {
            let mut numbers = Vec::new();
            for event in journey("A", 1) {
                numbers.push(journal.append(job(n), event).await.expect("a good disk").seq);
            }
            assert!(numbers.is_sorted(), "a job's facts keep their order");
            numbers
        });
    }
    let mut numbers = writers.join_all().await.concat();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40 * 20).collect::<Vec<i64>>());
    assert_eq!(journal.verify().expect("intact").facts, 800);
}

#[tokio::test]
async fn a_folder_in_use_is_refused_with_the_process_that_has_it() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    match Journal::open(dir.path()) {
        Err(JournalError::InUse { pid, .. }) => {
            assert_eq!(pid, if cfg!(windows) { None } else { Some(std::process::id()) });
        }
        other => panic!("it is in use, but: {other:?}"),
    }
    let clone = journal.clone();
    drop(journal);
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::InUse { .. })), "a clone still has it");
    drop(clone);
    Journal::open(dir.path()).expect("nobody has it any more");
}

#[tokio::test]
async fn a_journal_of_a_newer_version_is_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    written(dir.path()).await;
    let path = dir.path().join(JOURNAL_FILE);
    let db = Connection::open(&path).expect("it is closed");
    db.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);").expect("plain SQL");
    drop(db);
    let before = std::fs::read(&path).expect("it is there");
    match Journal::open(dir.path()) {
        Err(JournalError::Newer { found: 99, known, .. }) => assert_eq!(known, JOURNAL_VERSION),
        other => panic!("it is newer, but: {other:?}"),
    }
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
    let beside: Vec<_> = std::fs::read_dir(dir.path()).expect("it is there").collect();
    assert_eq!(beside.len(), 3, "the journal, its key and the lock, nothing of SQLite's: {beside:?}");
}

#[test]
fn what_is_no_journal_is_left_as_it_is() {
    let other = {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("other");
        let db = Connection::open(&path).expect("a fresh file");
        db.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 1;").expect("plain SQL");
        drop(db);
        std::fs::read(path).expect("it is there")
    };
    for content in [&b"not a database"[..], &[0; 4096], &other] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(JOURNAL_FILE);
        std::fs::write(&path, content).expect("a fresh folder");
        assert!(matches!(Journal::open(dir.path()), Err(JournalError::Unusable { .. })));
        assert_eq!(std::fs::read(&path).expect("it is there"), content);
    }
}

#[tokio::test]
async fn a_journal_whose_making_was_cut_off_is_made_again() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join(JOURNAL_FILE), b"").expect("a fresh folder");
    assert_eq!(written(dir.path()).await.len(), 20);
}

#[tokio::test]
async fn an_altered_record_is_named_by_its_number() {
    let alterations = [
        "UPDATE facts SET event = replace(event, 'wxyz', 'wxyy') WHERE seq = 10",
        "UPDATE facts SET event = event || ' ' WHERE seq = 10",
        "UPDATE facts SET event = 'nonsense' WHERE seq = 10",
        "UPDATE facts SET at = at + 1 WHERE seq = 10",
        "UPDATE facts SET job = zeroblob(16) WHERE seq = 10",
        "UPDATE facts SET v = 2 WHERE seq = 10",
        "UPDATE facts SET hash = zeroblob(32) WHERE seq = 10",
        "DELETE FROM facts WHERE seq = 10",
        "UPDATE facts SET event = (SELECT event FROM facts WHERE seq = 11) WHERE seq = 10",
    ];
    for sql in alterations {
        let dir = tempfile::tempdir().expect("a temporary folder");
        written(dir.path()).await;
        assert_eq!(verdict(dir.path()).expect("intact"), 20);
        tamper(dir.path(), sql);
        assert_damaged(dir.path(), 10);
    }
}

/// Every byte of one record, and one byte of every record.
#[tokio::test]
async fn no_byte_of_a_stored_record_can_be_altered() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let facts = written(dir.path()).await;
    assert_eq!(verdict(dir.path()).expect("intact"), 20);
    let file = dir.path().join(JOURNAL_FILE);
    let original = std::fs::read(&file).expect("it was closed");
    let length = |seq: i64| {
        let db = Connection::open(&file).expect("the journal is closed");
        db.query_row("SELECT length(event) FROM facts WHERE seq = ?1", [seq], |row| row.get::<_, i64>(0))
            .expect("the record is there")
    };
    let of_one = (1..=length(10)).map(|at| (10, at));
    let of_each = (1..=facts.len() as i64).map(|seq| (seq, length(seq) / 2));
    for (seq, at) in of_one.chain(of_each).collect::<Vec<_>>() {
        std::fs::write(&file, &original).expect("a folder of ours");
        let flipped = "char(unicode(substr(event, {at}, 1)) + 1)".replace("{at}", &at.to_string());
        tamper(
            dir.path(),
            &format!(
                "UPDATE facts SET event = substr(event, 1, {at} - 1) || {flipped} || substr(event, {at} + 1) WHERE seq = {seq}"
            ),
        );
        assert_damaged(dir.path(), seq);
    }
}

#[tokio::test]
async fn records_missing_or_added_at_the_end_are_noticed() {
    let alterations = [
        ("DELETE FROM facts WHERE seq >= 18", 18),
        ("DELETE FROM facts", 1),
        ("INSERT INTO facts SELECT 21, at, job, v, event, hash FROM facts WHERE seq = 20", 21),
        ("UPDATE head SET seq = 15", 16),
    ];
    for (sql, record) in alterations {
        let dir = tempfile::tempdir().expect("a temporary folder");
        written(dir.path()).await;
        tamper(dir.path(), sql);
        assert_damaged(dir.path(), record);
    }
}

#[tokio::test]
async fn facts_cannot_be_changed_or_removed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    written(dir.path()).await;
    let db = Connection::open(dir.path().join(JOURNAL_FILE)).expect("it is closed");
    for sql in ["UPDATE facts SET at = 0", "DELETE FROM facts WHERE seq = 20"] {
        let error = db.execute_batch(sql).expect_err("facts stay");
        assert!(error.to_string().contains("a fact is never"), "{error}");
    }
}

#[tokio::test]
async fn a_failed_write_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let journal = Journal::open(dir.path()).expect("a fresh folder");
    let first = journal.append(job(1), queued()).await.expect("a good disk");
    // A trigger of the test's own stands for a disk that refuses.
    let db = Connection::open(dir.path().join(JOURNAL_FILE)).expect("SQLite allows several");
    db.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON facts BEGIN SELECT RAISE(ABORT, 'disk full'); END;",
    )
    .expect("plain SQL");
    match journal.append(job(1), finished(Outcome::Failed)).await {
        Err(JournalError::Unusable { operation, reason, .. }) => {
            assert_eq!(operation, "writing to the journal");
            assert!(reason.contains("disk full"), "{reason}");
        }
        other => panic!("the disk refuses, but: {other:?}"),
    }
    db.execute_batch("DROP TRIGGER full").expect("it is there");
    let second = journal.append(job(1), finished(Outcome::Failed)).await.expect("a good disk again");
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(journal.verify().expect("intact").facts, 2);
}

/// Facts as they were written by this version; what is added later must keep reading them.
#[test]
fn facts_of_the_first_version_stay_readable() {
    let stored = [
        r#"{"fact":"queued","recipe":{"cloud":{"server":"https://fra1.blynk.cloud","profile":null},"org":7,"owner":70,"ssid":"Werkstatt","driver":"auto","token_host":"fra1.blynk.cloud","expect_template":null,"patience_s":90,"name":"Pump 4","meta":{},"device":null,"carrier":null,"token_endpoint":null,"device_user":null},"target":{"target":"any"}}"#,
        r#"{"fact":"connected","address":{"ble":"AA:BB:CC:DD:EE:FF"},"medium":"ble","driver":"blynk-inject"}"#,
        r#"{"fact":"reserve_intended","org":7,"owner":70,"cloud_time":1000}"#,
        r#"{"fact":"reserved","device":4711,"token_tail":"wxyz","at":1100}"#,
        r#"{"fact":"said","word":{"word":"connecting_network"}}"#,
        r#"{"fact":"finished","outcome":"passed","fault":null}"#,
        r#"{"fact":"finished","outcome":"failed","fault":{"code":"link.lost","step":"join","blame":"device","retry":"now"}}"#,
    ];
    for text in stored {
        serde_json::from_str::<JobEvent>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_fact_comes_back_as_it_went_in(facts in any_facts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let journal = Journal::in_memory();
        let events = facts.iter().map(|fact| (fact.job, fact.event.clone())).collect();
        let written = runtime.block_on(journal.append_all(events)).expect("memory");
        prop_assert_eq!(&journal.facts().expect("memory"), &written);
        prop_assert_eq!(written.len(), facts.len());
        prop_assert!(written.iter().zip(&facts).all(|(written, fact)| written.event == fact.event));
        prop_assert_eq!(journal.verify().expect("intact").facts, facts.len() as u64);
    }

    /// Whatever happens to the bytes of the file: an error with a sentence, or facts that are the facts; no panic.
    #[test]
    fn a_damaged_file_never_gives_wrong_facts(at in any::<prop::sample::Index>(), with in any::<[u8; 8]>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let facts = runtime.block_on(written(dir.path()));
        let path = dir.path().join(JOURNAL_FILE);
        let mut bytes = std::fs::read(&path).expect("it is there");
        let at = at.index(bytes.len() - with.len());
        bytes[at..at + with.len()].copy_from_slice(&with);
        std::fs::write(&path, bytes).expect("it is ours");
        if let Ok(journal) = Journal::open(dir.path())
            && journal.verify().is_ok()
        {
            prop_assert_eq!(journal.facts().expect("verified"), facts);
        }
    }
}

/// A batch beside a job: both kinds stand in one order and one chain.
async fn with_a_batch(dir: &Path) -> Vec<Entry> {
    let journal = Journal::open(dir).expect("a fresh folder");
    let batch = BatchId(uuid::Uuid::from_u128(0xB));
    let begun = BatchEvent::Begun {
        name: "units.csv".to_owned(),
        path: None,
        rows: 1,
        canary: false,
        parallel: None,
        extra: vec!["shelf".to_owned()],
        software: "0.1.0".to_owned(),
        origin: Box::default(),
    };
    let item = BatchItem {
        row: 1,
        bind: Bind::Next,
        recipe: Box::new(recipe()),
        has_device_secret: false,
        echo: [("shelf".to_owned(), "0042".to_owned())].into(),
    };
    let queued = JobEvent::Queued {
        recipe: Box::new(recipe()),
        target: Target::Any,
        origin: Box::new(Origin::of_row(batch, 1)),
    };
    let ended = BatchEvent::RowEnded { row: 1, job: Some(job(1)), outcome: Outcome::Unknown, fault: None };
    let notes = vec![
        Note::Batch(batch, begun),
        Note::Batch(batch, BatchEvent::Rows { rows: vec![item] }),
        Note::Job(job(1), queued),
        Note::Batch(batch, ended),
        Note::Job(job(1), finished(Outcome::Passed)),
    ];
    journal.write(notes).await.expect("a fresh journal")
}

#[tokio::test]
async fn facts_of_batches_and_jobs_stand_in_one_order_and_one_chain() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let entries = with_a_batch(dir.path()).await;
    let journal = Journal::open(dir.path()).expect("it was closed");
    let mut read = Vec::new();
    journal.each_entry(|entry| read.push(entry)).expect("intact");
    assert_eq!(read, entries);
    assert_eq!(journal.facts().expect("intact").len(), 2, "facts of jobs alone");
    assert_eq!(journal.verify().expect("intact").facts, 5);

    let ledger = journal.ledger().expect("intact");
    let (_, batch) = ledger.batches().next().expect("one batch");
    let row = batch.row(1).expect("one row");
    assert_eq!(row.jobs, [job(1)]);
    // What the job learned after the row had ended counts for the row.
    assert_eq!(row.end.as_ref().map(|end| end.outcome), Some(Outcome::Passed));
    assert_eq!((batch.counts().passed, batch.counts().unknown), (1, 0));

    let mut export = Vec::new();
    let verified = jsonl(&journal, 0, &mut export).expect("memory takes everything");
    assert_eq!(verify_jsonl(&mut export.as_slice(), Path::new("export")).expect("as written"), verified);
    drop(journal);
    tamper(dir.path(), "UPDATE facts SET event = replace(event, '0042', '0043') WHERE seq = 2");
    assert_damaged(dir.path(), 2);
}

#[tokio::test]
async fn a_kind_of_fact_that_is_not_known_is_of_a_newer_version() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let entries = with_a_batch(dir.path()).await;
    let db = Connection::open(dir.path().join(JOURNAL_FILE)).expect("the journal is closed");
    let forms: Vec<u32> = db
        .prepare("SELECT v FROM facts ORDER BY seq")
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .expect("the form of each record");
    // A program of the first version stops at the first batch and reads a journal that has none.
    assert_eq!(forms, [2, 2, 1, 2, 1]);
    assert_eq!(entries.len(), forms.len());
}

// ---- signatures

/// Alters the fact of this number and makes the whole chain fit again, as somebody would who has the file but not the key.
fn rewrite(dir: &Path, seq: i64) {
    use sha2::{Digest, Sha256};
    let db = Connection::open(dir.join(JOURNAL_FILE)).expect("the journal is closed");
    db.execute_batch("DROP TRIGGER facts_stay; DROP TRIGGER facts_stay_as_they_are;")
        .expect("both are there");
    type Row = (i64, i64, [u8; 16], u32, String);
    let rows: Vec<Row> = db
        .prepare("SELECT seq, at, job, v, event FROM facts ORDER BY seq")
        .expect("the table is there")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .expect("it can be read")
        .collect::<Result<_, _>>()
        .expect("it can be read");
    let mut hash = [0_u8; 32];
    for (number, at, job, v, event) in rows {
        let at = if number == seq { at + 1 } else { at };
        let job = uuid::Uuid::from_bytes(job);
        let mut sha = Sha256::new();
        sha.update(hash);
        sha.update(format!(r#"{{"v":{v},"seq":{number},"at":{at},"job":"{job}","event":"#));
        sha.update(&event);
        sha.update("}");
        hash = sha.finalize().into();
        db.execute("UPDATE facts SET at = ?2, hash = ?3 WHERE seq = ?1", rusqlite::params![number, at, hash])
            .expect("the triggers are gone");
    }
    db.execute("UPDATE head SET hash = ?1", [hash]).expect("the head is there");
}

#[tokio::test]
async fn a_chain_that_was_rewritten_to_fit_lacks_the_signature() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    {
        let journal = Journal::open(dir.path()).expect("a fresh folder");
        for unit in 1..=3 {
            let events = journey(&format!("24:6F:28:11:22:3{unit}"), 4710 + unit);
            let events = events.into_iter().map(|event| (job(unit as u128), event)).collect();
            journal.append_all(events).await.expect("a fresh journal");
        }
        let verified = journal.verify().expect("intact");
        assert_eq!((verified.sealed, verified.key), (60, Some(journal.key())));
    }
    // The second unit's record: the signature under its end does not fit any more.
    rewrite(dir.path(), 25);
    assert_damaged(dir.path(), 40);
}

#[tokio::test]
async fn records_without_a_signature_are_noticed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    written(dir.path()).await;
    tamper(dir.path(), "DROP TRIGGER seals_stay; DELETE FROM seals;");
    assert_damaged(dir.path(), 20);
}

#[tokio::test]
async fn a_signature_by_another_key_is_noticed() {
    let (dir, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    written(dir.path()).await;
    written(other.path()).await;
    // The whole journal of another folder in the place of this one.
    std::fs::copy(other.path().join(JOURNAL_FILE), dir.path().join(JOURNAL_FILE)).expect("both are closed");
    assert_damaged(dir.path(), 20);
}

#[tokio::test]
async fn the_key_is_the_folders_own_and_stays() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    written(dir.path()).await;
    let key = Journal::open(dir.path()).expect("it is closed").key();
    assert_eq!(Journal::open(dir.path()).expect("it is closed").key(), key);
    let file = dir.path().join(engine::record::seal::KEY_FILE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else reads it");
    }
    // A journal that is older than its key is as good as it was.
    std::fs::remove_file(&file).expect("it is there");
    let journal = Journal::open(dir.path()).expect("a key is made anew");
    assert_ne!(journal.key(), key);
    assert_eq!(journal.verify().expect("intact").key, Some(key));
    journal.append(job(7), finished(Outcome::Failed)).await.expect("it goes on");
    assert_eq!(journal.verify().expect("intact").key, Some(journal.key()));
}
