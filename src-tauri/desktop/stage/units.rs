//! What may be asked about a unit that is known: its history, its name and fields, its page in the cloud, that it go back to
//! its setup; what came to nothing; and a report about all of them.

use super::{Stage, Trouble};
use api::desk::FactView;
use api::units::{DescribeRequest, DescribedView, FieldView, GhostChoice, GhostView, NotDone, ReportFormat};
use engine::{Because, Refusal, RefusalCode, UnitId, Why};
use std::path::PathBuf;

impl From<NotDone> for Trouble {
    fn from(not_done: NotDone) -> Trouble {
        match not_done {
            NotDone::Refused(refusal) => refusal.into(),
            NotDone::Failed(fault) => fault.into(),
        }
    }
}

impl Stage {
    pub async fn history(&self, unit: String) -> Vec<FactView> {
        let engine = self.desk.engine().clone();
        let facts =
            tokio::task::spawn_blocking(move || engine.history(&UnitId(unit))).await.unwrap_or_default();
        facts.iter().map(FactView::new).collect()
    }

    pub async fn reconfigure(&self, unit: String) -> Result<Option<bool>, Trouble> {
        let of = self.desk.engine().device_of(&UnitId(unit))?;
        Ok(self.desk.engine().reconfigure(&of.cloud, of.device).await?)
    }

    pub async fn fields(&self, unit: String) -> Result<Vec<FieldView>, Trouble> {
        Ok(self.desk.fields(unit).await?)
    }

    pub async fn describe(&self, request: DescribeRequest) -> Result<DescribedView, Trouble> {
        Ok(self.desk.describe(request).await?)
    }

    /// The unit's page in the cloud. The practice cloud has none.
    pub fn page(&self, unit: String) -> Result<String, Trouble> {
        if self.desk.is_practice() {
            return Err(Refusal::because(RefusalCode::Usage, Why::PracticeHasNoPages, &[]).into());
        }
        Ok(self.desk.page_of(unit)?)
    }

    /// Opens that page in the system's browser. The address is made here: a web view cannot have any other one opened.
    pub fn open_page(&self, unit: String) -> Result<(), Trouble> {
        let page = self.page(unit)?;
        open::that_detached(&page).map_err(|error| {
            Refusal::because(RefusalCode::FileUnreadable, Because::said(error), &[("path", &page)]).into()
        })
    }

    pub async fn ghosts(&self) -> Vec<GhostView> {
        self.desk.ghosts().await
    }

    pub async fn sweep(&self, chosen: Vec<GhostChoice>) -> Vec<GhostView> {
        self.desk.sweep(chosen).await
    }

    /// Writes the report into the file that a person has chosen.
    pub async fn report(&self, format: ReportFormat, path: PathBuf) -> Result<(), Trouble> {
        let desk = self.desk.clone();
        let written = tokio::task::spawn_blocking(move || desk.report(format, &path)).await;
        match written {
            Ok(written) => Ok(written?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}
