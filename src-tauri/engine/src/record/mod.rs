//! What happened: facts ([`event`]), where they are kept ([`journal`]), and what they add up to ([`state`], [`history`]).
//!
//! Everything that is shown, resumed or reported is a fold of facts; nothing else is stored of a job.

pub mod batch;
pub(crate) mod chain;
pub mod entry;
pub mod event;
pub mod export;
pub mod history;
pub mod journal;
pub mod origin;
mod report;
pub mod seal;
pub mod state;
pub mod station;
pub mod yields;

pub use batch::{BatchEvent, BatchFact, BatchId, BatchState};
pub use entry::{Entry, Note};
pub use history::{Ledger, MadeDevice, OpenJob, RecordedJob, UnitState};
pub use journal::{Journal, JournalError, Verified};
pub use origin::{BatchRow, Origin};
pub use seal::PublicKey;
pub use state::{Act, JobState, OpenCase, Timeline, TokenAct, TokenCall};
pub use station::{LabelState, StationEvent, StationFact, StationState};
