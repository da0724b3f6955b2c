//! How the program ends: the contract's exit statuses, and which of several results decides.

use engine::{Outcome, Refusal};
use std::process::ExitCode;

/// Worse endings are greater: failed and unknown together are failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Passed,
    Unknown,
    Failed,
    Cancelled,
}

impl Ending {
    pub fn of(outcome: Outcome) -> Ending {
        match outcome {
            Outcome::Passed | Outcome::Skipped => Ending::Passed,
            Outcome::Unknown => Ending::Unknown,
            Outcome::Failed => Ending::Failed,
        }
    }

    pub fn status(self) -> u8 {
        match self {
            Ending::Passed => 0,
            Ending::Failed => 1,
            Ending::Unknown => 3,
            Ending::Cancelled => 130,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(ending.status())
    }
}

/// What a refusal ends with.
pub const REFUSED: u8 = 2;

/// A command's result: how it ended, or why nothing was begun.
pub type Ended = Result<Ending, Refusal>;

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn failed_and_unknown_together_are_failed() {
        assert_eq!(Ending::Failed.max(Ending::Unknown).status(), 1);
        assert_eq!(Ending::Passed.max(Ending::Unknown).status(), 3);
        assert_eq!(Ending::Cancelled.max(Ending::Failed).status(), 130);
    }
}
