//! What a window may do with a unit after its job: name it, fill its fields, find it in the cloud, sweep what came to
//! nothing, write a report.
//!
//! Not here: how the cloud is asked (`engine`), and which file a person chooses (the face).

use crate::desk::FaultView;
use crate::job_view::millis;
use crate::report::{self, Source};
use crate::watch::Desk;
use cloud::{DeviceId, MetaField};
use engine::work::{DescribedAs, Description, Ghost, UnitDevice};
use engine::{Fault, Refusal, UnitId};
use serde::{Deserialize, Serialize};
use std::path::Path;
use ts_rs::TS;

/// A metadata field of a cloud device.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct FieldView {
    pub id: i32,
    pub name: String,
    pub kind: FieldKind,
    pub value: Option<String>,
    pub hint: Option<String>,
}

/// How a field is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Number,
    Date,
    /// Yes or no.
    Switch,
    Email,
    Link,
}

impl FieldKind {
    /// The cloud has more types than a person needs input fields; what is not known is entered as text, and the cloud has
    /// the last word.
    fn of(kind: Option<&str>) -> FieldKind {
        match kind.unwrap_or_default() {
            "Number" | "Cost" | "Measurement" => FieldKind::Number,
            "Date" => FieldKind::Date,
            "Switch" => FieldKind::Switch,
            "Email" => FieldKind::Email,
            "Url" | "Link" => FieldKind::Link,
            _ => FieldKind::Text,
        }
    }
}

impl From<MetaField> for FieldView {
    fn from(field: MetaField) -> FieldView {
        FieldView {
            id: field.id,
            kind: FieldKind::of(field.kind.as_deref()),
            name: field.name,
            value: field.value,
            hint: field.hint,
        }
    }
}

/// How a unit's cloud device is to be called, and what it is to say of itself.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct DescribeRequest {
    pub unit: String,
    /// `None`: as it is.
    pub name: Option<String>,
    pub fields: Vec<FieldValue>,
}

#[derive(Debug, Clone, Deserialize, TS)]
pub struct FieldValue {
    pub id: i32,
    pub value: String,
}

/// What the cloud took of it, and what not.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DescribedView {
    pub name: Option<String>,
    pub fields: Vec<String>,
    pub faults: Vec<FaultView>,
}

impl From<DescribedAs> for DescribedView {
    fn from(came: DescribedAs) -> DescribedView {
        DescribedView {
            name: came.name,
            fields: came.fields,
            faults: came.faults.iter().map(FaultView::from).collect(),
        }
    }
}

/// A cloud device that was made here and never came to life.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct GhostView {
    pub device: i32,
    pub server: String,
    pub unit: Option<String>,
    pub made: f64,
    pub swept: bool,
    pub fault: Option<FaultView>,
}

impl From<Ghost> for GhostView {
    fn from(ghost: Ghost) -> GhostView {
        GhostView {
            device: ghost.device.0,
            server: ghost.server,
            unit: ghost.unit.map(|unit| unit.0),
            made: millis(ghost.made_at),
            swept: ghost.swept,
            fault: ghost.fault.as_ref().map(FaultView::from),
        }
    }
}

/// Which ghost a person has said yes to.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct GhostChoice {
    pub server: String,
    pub device: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    Csv,
    Jsonl,
    Html,
}

impl ReportFormat {
    /// How the name of such a file ends.
    pub fn extension(self) -> &'static str {
        match self {
            ReportFormat::Csv => "csv",
            ReportFormat::Jsonl => "jsonl",
            ReportFormat::Html => "html",
        }
    }
}

/// Nothing was begun, or the cloud did not do it.
#[derive(Debug)]
pub enum NotDone {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Refusal> for NotDone {
    fn from(refusal: Refusal) -> NotDone {
        NotDone::Refused(refusal)
    }
}

impl From<Fault> for NotDone {
    fn from(fault: Fault) -> NotDone {
        NotDone::Failed(fault)
    }
}

impl Desk {
    /// The metadata fields that a person may fill.
    ///
    /// # Errors
    /// A refusal for a unit without a cloud device, a fault of the cloud.
    pub async fn fields(&self, unit: String) -> Result<Vec<FieldView>, NotDone> {
        let of = self.engine().device_of(&UnitId(unit))?;
        Ok(self.engine().fields(&of).await?.into_iter().map(FieldView::from).collect())
    }

    /// Names a cloud device and fills its fields.
    ///
    /// # Errors
    /// A refusal for a name that no cloud takes, or for a unit without a cloud device; a fault when nothing could be tried.
    pub async fn describe(&self, request: DescribeRequest) -> Result<DescribedView, NotDone> {
        crate::calls::check_cloud_name(request.name.as_deref())?;
        let of = self.engine().device_of(&UnitId(request.unit))?;
        let fields = request.fields.into_iter().map(|field| (field.id, field.value)).collect();
        let wish = Description { name: request.name, fields };
        Ok(self.engine().describe(&of, &wish).await?.into())
    }

    /// The address of the unit's page in the cloud's own console.
    ///
    /// # Errors
    /// A refusal for a unit without a cloud device.
    pub fn page_of(&self, unit: String) -> Result<String, Refusal> {
        Ok(page(&self.engine().device_of(&UnitId(unit))?))
    }

    /// Cloud devices that were made here and never came to life. Nothing is changed.
    pub async fn ghosts(&self) -> Vec<GhostView> {
        self.engine().ghosts(false).await.into_iter().map(GhostView::from).collect()
    }

    /// Removes those that a person has chosen; what became of each.
    pub async fn sweep(&self, chosen: Vec<GhostChoice>) -> Vec<GhostView> {
        let chosen: Vec<(String, DeviceId)> =
            chosen.into_iter().map(|ghost| (ghost.server, DeviceId(ghost.device))).collect();
        self.engine().sweep(&chosen).await.into_iter().map(GhostView::from).collect()
    }

    /// Writes the journal as a report. Blocks; a file that is there already is replaced only by a whole one.
    ///
    /// # Errors
    /// `refused.file_unreadable` with the reason, or what is wrong with the journal.
    pub fn report(&self, format: ReportFormat, path: &Path) -> Result<(), Refusal> {
        report::to_file(&Source::Journal(self.engine().journal().clone()), format, path)
    }
}

/// Where Blynk's console shows a device (seen in addresses that its users write down; the reference names none).
fn page(of: &UnitDevice) -> String {
    let (server, org, device) = (of.cloud.server.trim_end_matches('/'), of.org, of.device);
    format!("{server}/dashboard/{org}/global/devices/1/organization/{org}/devices/{device}/dashboard")
}
