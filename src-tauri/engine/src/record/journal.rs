//! Where facts are kept: an SQLite file with one writer, answered only when a fact is on disk.
//!
//! Facts are never changed and never removed. Each carries the hash of the one before it, so that an altered record is
//! found by its number. Not here: what facts mean (`state.rs`, `history.rs`), and how they leave (`export.rs`).

use crate::plan::patience;
use crate::record::chain::{FACT_VERSION, Hash};
use crate::record::entry::{Entry, Note};
use crate::record::event::{Fact, JobEvent, JobId};
use crate::record::history::Ledger;
use crate::record::seal::{PublicKey, Signer, sealed_text};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The journal's file in the state folder.
pub const JOURNAL_FILE: &str = "journal.sqlite";
const LOCK_FILE: &str = "journal.lock";

/// Marks the file as ours (`PRAGMA application_id`): "FLJ1".
const APPLICATION: u32 = 0x464C_4A31;
/// Each script takes the journal from one form to the next. They are texts and stay as they are, so that an old
/// journal takes the same way tomorrow.
const MIGRATIONS: &[&str] = &[include_str!("schema/0001-facts.sql"), include_str!("schema/0002-seals.sql")];
/// The newest form of the journal that this program knows.
pub const JOURNAL_VERSION: u32 = MIGRATIONS.len() as u32;

/// Most requests that share one commit; a bound for how long the first of them waits.
const GROUP: usize = 512;

/// Facts in order, for as long as the state folder lives. A cheap handle: clones share one journal, and the last one
/// closes it (and waits until all is written).
#[derive(Clone)]
pub struct Journal(Arc<Place>);

enum Place {
    /// Written by the caller itself: nothing to wait for, so that a paused clock stays where it is.
    Memory {
        store: Mutex<Store>,
        clock: RuntimeClock,
    },
    Disk(Disk),
}

/// The journal on disk: a thread that writes, and the lock that keeps other processes away.
struct Disk {
    path: PathBuf,
    signer: Arc<Signer>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    /// Released after the writer has closed its file, since fields are dropped in order.
    _lock: File,
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Another process has it. The process id is known where the system lets us read it.
    #[error("the state folder {} is in use by another process{}", .dir.display(), .pid.map(|pid| format!(" ({pid})")).unwrap_or_default())]
    InUse { dir: PathBuf, pid: Option<u32> },
    /// Written by a newer version of this program; it was left as it is.
    #[error("the journal {} has form {found}; this program knows forms up to {known}", .path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// A record is intact but holds a word that this program does not know: a newer version wrote it.
    #[error("record {record} of the journal was written by a newer version of this program: {what}")]
    NewerRecord { record: i64, what: String },
    /// The system or SQLite refused. What was acknowledged before is still there.
    #[error("{operation} failed for {}: {reason}", .path.display())]
    Unusable { operation: &'static str, path: PathBuf, reason: String },
    /// A record does not say what it said when it was written, or is missing.
    #[error("record {record} was altered or damaged: {what}")]
    Damaged { record: i64, what: String },
    /// The journal was closed while this fact was on its way; it may or may not be there.
    #[error("the journal is closed")]
    Closed,
}

/// A record as it is stored, with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub v: u32,
    pub seq: i64,
    pub at: i64,
    /// The job, or whatever else it is a fact of.
    pub about: Uuid,
    /// JSON exactly as it was written.
    pub event: String,
    pub hash: Hash,
}

/// A chain that was found intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub facts: u64,
    /// Hash of the newest fact, in hexadecimal.
    pub head: String,
    /// Who signed it; `None`: nobody did (an export of an older version).
    pub key: Option<PublicKey>,
    /// Facts up to this one are under a signature.
    pub sealed: i64,
    /// How many exports are in it, where it is a merged one; else 1.
    pub exports: u32,
}

/// A signature over all facts up to this one.
struct Seal {
    seq: i64,
    public: PublicKey,
    signature: String,
}

struct Request {
    facts: Vec<Draft>,
    answer: oneshot::Sender<Result<Vec<i64>, JournalError>>,
}

/// A fact that has no number yet.
struct Draft {
    at: i64,
    about: Uuid,
    v: u32,
    event: String,
}

impl Journal {
    /// Opens or makes the journal of a state folder and takes its lock. Blocks for a moment of disk work.
    ///
    /// # Errors
    /// [`JournalError::InUse`] when another process has the folder; [`JournalError::Newer`] for a journal of a newer
    /// version, which stays untouched; [`JournalError::Unusable`] for a file that is no journal or cannot be written;
    /// [`JournalError::Damaged`] when the end of the chain does not fit.
    pub fn open(dir: &Path) -> Result<Journal, JournalError> {
        make_folder(dir)?;
        let lock = lock(dir)?;
        let path = dir.join(JOURNAL_FILE);
        look_at_header(&path)?;
        let store = Store::open(&path, dir)?;
        let signer = store.signer.clone();
        let (requests, inbox) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(store, &inbox))
            .map_err(|error| unusable("starting the journal's thread", &path, &error))?;
        Ok(Journal(Arc::new(Place::Disk(Disk {
            path,
            signer,
            requests: Some(requests),
            writer: Some(writer),
            _lock: lock,
        }))))
    }

    /// A journal that lives as long as its handles: the same store, in memory. Its times follow the runtime's clock,
    /// which tests can pause.
    pub fn in_memory() -> Journal {
        let store = Store::in_memory().expect("SQLite in memory needs nothing of the system but memory");
        Journal(Arc::new(Place::Memory { store: Mutex::new(store), clock: RuntimeClock::new() }))
    }

    /// Writes a fact; returns when it is on disk. When this future is dropped, the fact may still be written.
    pub async fn append(&self, job: JobId, event: JobEvent) -> Result<Fact, JournalError> {
        let mut facts = self.append_all(vec![(job, event)]).await?;
        facts.pop().ok_or(JournalError::Closed)
    }

    /// Writes several facts of jobs in this order, all or none; returns when they are on disk.
    pub async fn append_all(&self, events: Vec<(JobId, JobEvent)>) -> Result<Vec<Fact>, JournalError> {
        let notes = events.into_iter().map(|(job, event)| Note::Job(job, event)).collect();
        Ok(self.write(notes).await?.into_iter().filter_map(Entry::job).collect())
    }

    /// Writes notes of every kind in this order, all or none; returns when they are on disk.
    pub async fn write(&self, notes: Vec<Note>) -> Result<Vec<Entry>, JournalError> {
        let at = match &*self.0 {
            Place::Memory { clock, .. } => clock.now_ms(),
            Place::Disk(_) => now_ms(),
        };
        let drafts = notes
            .iter()
            .map(|note| Draft { at, about: note.about(), v: note.form(), event: note.text() })
            .collect();
        let numbers = match &*self.0 {
            Place::Memory { store, .. } => {
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                store.append(&[drafts])?.pop().ok_or(JournalError::Closed)?
            }
            Place::Disk(disk) => {
                let (answer, answered) = oneshot::channel();
                let requests = disk.requests.as_ref().ok_or(JournalError::Closed)?;
                requests.send(Request { facts: drafts, answer }).map_err(|_| JournalError::Closed)?;
                answered.await.map_err(|_| JournalError::Closed)??
            }
        };
        Ok(numbers.into_iter().zip(notes).map(|(seq, note)| note.entered(seq, at)).collect())
    }

    /// All facts of jobs in order. Blocks while reading; for a large journal [`Journal::ledger`] needs less memory.
    pub fn facts(&self) -> Result<Vec<Fact>, JournalError> {
        let mut facts = Vec::new();
        self.each_fact(|fact| facts.push(fact))?;
        Ok(facts)
    }

    /// The facts of one job in order. Blocks while reading.
    pub fn facts_of(&self, job: JobId) -> Result<Vec<Fact>, JournalError> {
        let mut facts = Vec::new();
        self.reading(|store| {
            store.read_about(job.0, &mut |record| {
                facts.extend(store.entry(record)?.job());
                Ok(())
            })
        })?;
        Ok(facts)
    }

    /// The sum of all facts. Blocks while reading.
    pub fn ledger(&self) -> Result<Ledger, JournalError> {
        let mut ledger = Ledger::default();
        self.each_entry(|entry| ledger.take_in(&entry))?;
        Ok(ledger)
    }

    /// Shows every fact of a job in order, one at a time. Blocks while reading.
    pub fn each_fact(&self, mut visit: impl FnMut(Fact)) -> Result<(), JournalError> {
        self.each_entry(|entry| {
            if let Some(fact) = entry.job() {
                visit(fact);
            }
        })
    }

    /// Shows every entry in order, one at a time. Blocks while reading.
    pub fn each_entry(&self, mut visit: impl FnMut(Entry)) -> Result<(), JournalError> {
        self.reading(|store| {
            store.read(&mut |record| {
                visit(store.entry(record)?);
                Ok(())
            })
        })
    }

    /// Checks every record against the chain of hashes. Blocks while reading.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] with the number of the first record that does not fit.
    pub fn verify(&self) -> Result<Verified, JournalError> {
        self.each_record(|_| Ok(()))
    }

    /// Shows every record as it is stored, checked against the chain, and after the last one checks the end.
    pub(crate) fn each_record(
        &self,
        mut visit: impl FnMut(&Record) -> Result<(), JournalError>,
    ) -> Result<Verified, JournalError> {
        self.reading(|store| {
            let mut last = (0, Hash::START);
            let mut seals = store.seals()?.into_iter().peekable();
            // The newest fact that has to be under a seal, and the newest that is.
            let (mut due, mut sealed) = (0, 0);
            let mut key = None;
            store.read(&mut |record| {
                let hash = last.1.then(record.v, record.seq, record.at, record.about, &record.event);
                if hash != record.hash {
                    let what = "its hash does not fit its content".to_owned();
                    return Err(JournalError::Damaged { record: record.seq, what });
                }
                visit(&record)?;
                last = (record.seq, hash);
                if record.seq > store.signer.since() && ends_a_record(&record.event) {
                    due = record.seq;
                }
                while let Some(seal) = seals.next_if(|seal| seal.seq <= record.seq) {
                    let fits = seal.seq == record.seq
                        && seal.public.signed(&sealed_text(record.seq, hash), &seal.signature);
                    if !fits {
                        let what =
                            format!("the signature over the records up to it does not fit (after {sealed})");
                        return Err(JournalError::Damaged { record: record.seq, what });
                    }
                    (sealed, key) = (record.seq, Some(seal.public));
                }
                Ok(())
            })?;
            store.check_end(last, store.read_head()?)?;
            if let Some(seal) = seals.next() {
                let what = format!("the records up to {} are missing", seal.seq);
                return Err(JournalError::Damaged { record: last.0 + 1, what });
            }
            let ours = key.is_none_or(|key| key == store.signer.public() || due == 0);
            if due > sealed || !ours {
                let what = "it is not under a signature of this state folder".to_owned();
                return Err(JournalError::Damaged { record: due.max(1), what });
            }
            Ok(Verified { facts: last.0.unsigned_abs(), head: last.1.to_string(), key, sealed, exports: 1 })
        })
    }

    /// The key with which this state folder signs what leaves it.
    pub fn key(&self) -> PublicKey {
        self.signer().public()
    }

    pub(crate) fn signer(&self) -> Arc<Signer> {
        match &*self.0 {
            Place::Memory { store, .. } => {
                store.lock().unwrap_or_else(PoisonError::into_inner).signer.clone()
            }
            Place::Disk(disk) => disk.signer.clone(),
        }
    }

    /// Reads in one consistent view: on disk on a connection of its own, which does not hold up the writer.
    fn reading<T>(&self, read: impl FnOnce(&Store) -> Result<T, JournalError>) -> Result<T, JournalError> {
        match &*self.0 {
            Place::Memory { store, .. } => read(&store.lock().unwrap_or_else(PoisonError::into_inner)),
            Place::Disk(disk) => {
                let store = Store::open_to_read(&disk.path, disk.signer.clone())?;
                store.run("reading the journal", |db| db.execute_batch("BEGIN"))?;
                read(&store)
            }
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.0 {
            Place::Memory { .. } => f.write_str("Journal(in memory)"),
            Place::Disk(disk) => write!(f, "Journal({})", disk.path.display()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the journal's writer had panicked");
        }
    }
}

/// The writer: takes what is waiting, writes it in one commit, then answers everyone.
fn write_all(mut store: Store, inbox: &mpsc::Receiver<Request>) {
    while let Ok(first) = inbox.recv() {
        let mut groups = vec![first.facts];
        let mut answers = vec![first.answer];
        while groups.len() < GROUP
            && let Ok(request) = inbox.try_recv()
        {
            groups.push(request.facts);
            answers.push(request.answer);
        }
        // Whoever stopped listening has no need of an answer, hence the ignored send errors.
        match store.append(&groups) {
            Ok(numbers) => {
                for (answer, numbers) in answers.into_iter().zip(numbers) {
                    let _ = answer.send(Ok(numbers));
                }
            }
            Err(error) => {
                tracing::error!(%error, facts = groups.len(), "facts could not be written");
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// The tables, on disk or in memory.
struct Store {
    db: Connection,
    path: PathBuf,
    /// Number and hash of the newest record.
    head: (i64, Hash),
    signer: Arc<Signer>,
}

impl Store {
    fn open(path: &Path, dir: &Path) -> Result<Store, JournalError> {
        let db = Connection::open(path).map_err(|error| unusable("opening the journal", path, &error))?;
        restrict_to_owner(path);
        // Taken for its own once it is known how far the record goes.
        let signer = Arc::new(Signer::in_memory());
        let mut store = Store { db, path: path.to_owned(), head: (0, Hash::START), signer };
        // A commit returns when it is on the disk; macOS needs to be asked for that twice.
        store.run("setting up the journal", |db| {
            db.busy_timeout(patience::JOURNAL_READERS)?;
            db.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
            )
        })?;
        if store.migrate()? {
            // Into the file proper, where the look at the header finds it.
            store.run("setting up the journal", |db| db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"))?;
        }
        store.take_up()?;
        store.signer = Arc::new(Signer::of(dir, store.head.0)?);
        Ok(store)
    }

    fn in_memory() -> Result<Store, JournalError> {
        let path = PathBuf::from(":memory:");
        let db = Connection::open_in_memory()
            .map_err(|error| unusable("making a journal in memory", &path, &error))?;
        let signer = Arc::new(Signer::in_memory());
        let mut store = Store { db, path, head: (0, Hash::START), signer };
        store.migrate()?;
        Ok(store)
    }

    fn open_to_read(path: &Path, signer: Arc<Signer>) -> Result<Store, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)
            .and_then(|db| db.busy_timeout(patience::JOURNAL_READERS).map(|()| db))
            .map_err(|error| unusable("opening the journal", path, &error))?;
        Ok(Store { db, path: path.to_owned(), head: (0, Hash::START), signer })
    }

    fn run<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        work(&self.db).map_err(|error| unusable(operation, &self.path, &error))
    }

    /// Brings the tables to the newest form; tells whether there was anything to do.
    fn migrate(&mut self) -> Result<bool, JournalError> {
        let (application, found, tables) = self.run("looking at the journal", |db| {
            let application: u32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
            let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let tables: u32 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((application, found, tables))
        })?;
        check_form(&self.path, application, found, tables == 0)?;
        if found == JOURNAL_VERSION {
            return Ok(false);
        }
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| unusable("bringing the journal up to date", &path, &error);
        let all = self.db.transaction().map_err(failed)?;
        for script in &MIGRATIONS[found as usize..] {
            all.execute_batch(script).map_err(failed)?;
        }
        all.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        all.pragma_update(None, "user_version", JOURNAL_VERSION).map_err(failed)?;
        all.commit().map_err(failed)?;
        Ok(true)
    }

    /// Reads where the chain ends, and checks that the newest record is that end.
    fn take_up(&mut self) -> Result<(), JournalError> {
        let head = self.read_head()?;
        let last = self.run("reading the journal", |db| {
            let mut newest = db.prepare("SELECT seq, hash FROM facts ORDER BY seq DESC LIMIT 1")?;
            let mut rows = newest.query([])?;
            rows.next()?.map(|row| Ok((row.get(0)?, Hash(row.get(1)?)))).transpose()
        })?;
        self.check_end(last.unwrap_or((0, Hash::START)), head)?;
        self.head = head;
        Ok(())
    }

    fn read_head(&self) -> Result<(i64, Hash), JournalError> {
        self.run("reading the journal", |db| {
            db.query_row("SELECT seq, hash FROM head", [], |row| Ok((row.get(0)?, Hash(row.get(1)?))))
        })
    }

    fn check_end(&self, last: (i64, Hash), head: (i64, Hash)) -> Result<(), JournalError> {
        if last == head {
            return Ok(());
        }
        let (record, what) = match last.0.cmp(&head.0) {
            std::cmp::Ordering::Less => (last.0 + 1, format!("the records up to {} are missing", head.0)),
            std::cmp::Ordering::Equal => (last.0, "its hash is not the one at the chain's end".to_owned()),
            std::cmp::Ordering::Greater => (head.0 + 1, "it is not part of the chain".to_owned()),
        };
        Err(JournalError::Damaged { record, what })
    }

    /// Writes all groups in one commit; gives the numbers of each group's facts.
    fn append(&mut self, groups: &[Vec<Draft>]) -> Result<Vec<Vec<i64>>, JournalError> {
        let mut head = self.head;
        let written = write_groups(&mut self.db, groups, &mut head, &self.signer);
        match written {
            Ok(numbers) => {
                self.head = head;
                Ok(numbers)
            }
            Err(error) => {
                let error = unusable("writing to the journal", &self.path, &error);
                // Rare and worth the look: what a failed commit left behind is what counts.
                self.head = self.read_head()?;
                Err(error)
            }
        }
    }

    /// All records in order. A gap in the numbers is a missing record.
    fn read(&self, visit: &mut dyn FnMut(Record) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let mut expected = 1;
        self.query(
            "SELECT v, seq, at, job, event, hash FROM facts ORDER BY seq",
            [],
            &mut expected,
            &mut |record, expected| {
                if record.seq != *expected {
                    let what = format!("it is missing; record {} follows", record.seq);
                    return Err(JournalError::Damaged { record: *expected, what });
                }
                *expected += 1;
                visit(record)
            },
        )
    }

    fn seals(&self) -> Result<Vec<Seal>, JournalError> {
        self.run("reading the journal's signatures", |db| {
            let mut select = db.prepare("SELECT seq, public, signature FROM seals ORDER BY seq")?;
            let seals = select.query_map([], |row| {
                Ok(Seal { seq: row.get(0)?, public: PublicKey(row.get(1)?), signature: row.get(2)? })
            })?;
            seals.collect()
        })
    }

    fn read_about(
        &self,
        about: Uuid,
        visit: &mut dyn FnMut(Record) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let sql = "SELECT v, seq, at, job, event, hash FROM facts WHERE job = ?1 ORDER BY seq";
        self.query(sql, [about.into_bytes()], &mut 0, &mut |record, near| {
            *near = record.seq + 1;
            visit(record)
        })
    }

    /// `near` is the record that is named when SQLite cannot read on.
    fn query(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        near: &mut i64,
        visit: &mut dyn FnMut(Record, &mut i64) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut select =
            self.db.prepare(sql).map_err(|error| unusable("reading the journal", &self.path, &error))?;
        let mut rows = select.query(params).map_err(|error| self.unreadable(*near, &error))?;
        loop {
            match rows.next().and_then(|row| row.map(record).transpose()) {
                Ok(Some(record)) => visit(record, near)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.unreadable(*near, &error)),
            }
        }
    }

    fn unreadable(&self, record: i64, error: &rusqlite::Error) -> JournalError {
        use rusqlite::{Error, ErrorCode};
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                JournalError::Damaged { record, what: format!("SQLite cannot read it: {error}") }
            }
            Some(_) => unusable("reading the journal", &self.path, error),
            None if matches!(error, Error::SqliteFailure(..)) => {
                unusable("reading the journal", &self.path, error)
            }
            None => {
                JournalError::Damaged { record, what: format!("a column is not what it must be: {error}") }
            }
        }
    }

    /// Reads a record's meaning. A record that cannot be read but has the right hash was written by someone who knew
    /// more than this program.
    fn entry(&self, record: Record) -> Result<Entry, JournalError> {
        let error = match Entry::from_stored(record.seq, record.at, record.about, &record.event) {
            Ok(entry) if record.v <= FACT_VERSION => return Ok(entry),
            Ok(_) => format!("it has form {}, known is {FACT_VERSION}", record.v),
            Err(error) => error.to_string(),
        };
        let before = self.run("reading the journal", |db| {
            db.query_row("SELECT hash FROM facts WHERE seq = ?1", [record.seq - 1], |row| {
                Ok(Hash(row.get(0)?))
            })
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(Hash::START),
                other => Err(other),
            })
        })?;
        let intact = before.then(record.v, record.seq, record.at, record.about, &record.event) == record.hash;
        Err(if intact {
            JournalError::NewerRecord { record: record.seq, what: error }
        } else {
            JournalError::Damaged { record: record.seq, what: error }
        })
    }
}

fn write_groups(
    db: &mut Connection,
    groups: &[Vec<Draft>],
    head: &mut (i64, Hash),
    signer: &Signer,
) -> rusqlite::Result<Vec<Vec<i64>>> {
    // Rolls back when it is dropped before the commit.
    let all = db.transaction()?;
    let mut numbers = Vec::with_capacity(groups.len());
    {
        let sql = "INSERT INTO facts (seq, at, job, v, event, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert = all.prepare_cached(sql)?;
        for group in groups {
            let mut of_group = Vec::with_capacity(group.len());
            for draft in group {
                let seq = head.0 + 1;
                let hash = head.1.then(draft.v, seq, draft.at, draft.about, &draft.event);
                insert.execute(params![
                    seq,
                    draft.at,
                    draft.about.as_bytes(),
                    draft.v,
                    draft.event,
                    hash.0
                ])?;
                *head = (seq, hash);
                of_group.push(seq);
            }
            numbers.push(of_group);
        }
        all.prepare_cached("UPDATE head SET seq = ?1, hash = ?2")?.execute(params![head.0, head.1.0])?;
        if groups.iter().flatten().any(|draft| ends_a_record(&draft.event)) {
            let public = signer.public();
            all.prepare_cached("INSERT OR IGNORE INTO keys (public) VALUES (?1)")?.execute([public.0])?;
            all.prepare_cached("INSERT INTO seals (seq, public, signature) VALUES (?1, ?2, ?3)")?
                .execute(params![head.0, public.0, signer.sign(&sealed_text(head.0, head.1))])?;
        }
    }
    all.commit()?;
    Ok(numbers)
}

/// Whether a unit's record is complete with this fact, or it is a fact of a station or a batch: then it is sealed.
fn ends_a_record(event: &str) -> bool {
    !event.starts_with(r#"{"fact":"#) || event.starts_with(r#"{"fact":"finished""#)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        v: row.get(0)?,
        seq: row.get(1)?,
        at: row.get(2)?,
        about: Uuid::from_bytes(row.get(3)?),
        event: row.get(4)?,
        hash: Hash(row.get(5)?),
    })
}

/// Looks at the file as a file, so that a journal of a newer version is not even opened: SQLite would put its own
/// files beside it.
fn look_at_header(path: &Path) -> Result<(), JournalError> {
    let mut header = [0; 100];
    let found = match File::open(path) {
        Ok(mut file) => {
            let length = file.metadata().map(|metadata| metadata.len());
            match length {
                Ok(0) => return Ok(()), // cut off while it was made
                _ => file.read_exact(&mut header),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    match found {
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            return Err(unusable("opening the journal", path, &error));
        }
        Ok(()) if header.starts_with(b"SQLite format 3\0") => {}
        Ok(()) | Err(_) => return Err(not_a_journal(path)),
    }
    // https://www.sqlite.org/fileformat.html, 1.3: the user version at 60, the application id at 68, big-endian.
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    check_form(path, number(68), number(60), number(68) == 0 && number(60) == 0)
}

/// `empty`: nothing was made in it yet, so that it is nobody's.
fn check_form(path: &Path, application: u32, found: u32, empty: bool) -> Result<(), JournalError> {
    if application != APPLICATION && !(empty && application == 0) {
        return Err(not_a_journal(path));
    }
    if found > JOURNAL_VERSION {
        return Err(JournalError::Newer { path: path.to_owned(), found, known: JOURNAL_VERSION });
    }
    Ok(())
}

fn not_a_journal(path: &Path) -> JournalError {
    unusable("opening the journal", path, &"the file is not a journal of this program; it was left as it is")
}

fn unusable(operation: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> JournalError {
    JournalError::Unusable { operation, path: path.to_owned(), reason: reason.to_string() }
}

fn make_folder(dir: &Path) -> Result<(), JournalError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // Network names and device names are nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| unusable("making the state folder", dir, &error))
}

/// New files are the owner's alone. Best effort: some file systems know no owners.
fn restrict_to_owner(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
            tracing::warn!(%error, "the journal's file keeps its permissions");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The system lets go of the lock when the process ends, however it ends.
fn lock(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join(LOCK_FILE);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| unusable("locking the state folder", &path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Windows lets nobody read a locked file; then the process stays unnamed.
            let pid = file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().parse().ok());
            return Err(JournalError::InUse { dir: dir.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(unusable("locking the state folder", &path, &error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .and_then(|()| file.flush())
        .map_err(|error| unusable("locking the state folder", &path, &error))?;
    Ok(file)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The runtime's clock as wall time, from the moment the journal was made.
struct RuntimeClock {
    wall_ms: i64,
    began: tokio::time::Instant,
}

impl RuntimeClock {
    fn new() -> RuntimeClock {
        RuntimeClock { wall_ms: now_ms(), began: tokio::time::Instant::now() }
    }

    fn now_ms(&self) -> i64 {
        let passed = tokio::time::Instant::now().saturating_duration_since(self.began);
        self.wall_ms.saturating_add(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}
