//! What the product does: plan (what is wanted), record (what happened), work (making it happen).
//!
//! Not here: bytes, buses and HTTP (`proto`, `link`, `cloud`), and what a person reads (`api`, `ui`).

pub mod fault;
mod hex;
pub mod plan;
pub mod record;
pub mod unit;
pub mod vault;
mod whole_file;
pub mod work;

pub use fault::{Because, Blame, Fault, FaultCode, ProblemCode, Refusal, RefusalCode, Retry, Why};
pub use plan::recipe::*;
pub use record::event::*;
pub use record::origin::{BatchRow, Origin};
pub use unit::UnitId;
