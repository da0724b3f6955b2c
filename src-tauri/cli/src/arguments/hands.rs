//! Who works here, on which order and in which shift: for the records, of everything that makes some.
//!
//! Not here: a station's, whose operator may change while it runs (`station.rs`).

use clap::Args;
use engine::record::Origin;

/// Carried into every record; nothing is decided by it. `batch resume` goes on with what the batch began with.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who and what, for the records")]
pub struct Hands {
    /// Who works here
    #[arg(long, value_name = "NAME", env = "FIRSTLIGHT_OPERATOR")]
    pub operator: Option<String>,
    /// On which order
    #[arg(long, value_name = "NAME", env = "FIRSTLIGHT_WORK_ORDER")]
    pub work_order: Option<String>,
    /// In which shift
    #[arg(long, value_name = "NAME", env = "FIRSTLIGHT_SHIFT")]
    pub shift: Option<String>,
}

impl Hands {
    pub fn origin(self) -> Origin {
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Origin {
            operator: said(self.operator),
            work_order: said(self.work_order),
            shift: said(self.shift),
            ..Origin::default()
        }
    }
}
