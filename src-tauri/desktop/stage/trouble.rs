//! Why a call of the window ended without an answer: a refusal or a fault, as the window sees them.

use api::desk::{FaultView, ReasonView, RefusalView};
use engine::fault::RefusalReason;
use engine::{Fault, Refusal};
use serde::Serialize;

/// Why a call of the window ended without an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    Refusal(RefusalView),
    Fault(FaultView),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        let reason =
            |reason: RefusalReason| ReasonView { code: reason.code, why: reason.why, about: reason.about };
        Trouble::Refusal(RefusalView { reasons: refusal.reasons.into_iter().map(reason).collect() })
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(FaultView::from(&fault))
    }
}
