//! The JSON lines of the contract: one object a line, each with `v`, `at` and `event`.
//!
//! Stations and scripts read these, so a field is never renamed or removed without a new `v`. Not here: who prints
//! them, and what a terminal shows instead.

use crate::moment;
use crate::story::Story;
use crate::words;
use engine::fault::RefusalReason;
use engine::record::batch::{Bind, RowState};
use engine::record::{BatchId, RecordedJob};
use engine::{Blame, Fact, Fault, JobEvent, JobId, Origin, Outcome, Refusal, Retry, Step, UnitId};
use link::{Change, Sighting};
use proto::Advert;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The version of every line. A change that could mislead a reader raises it.
pub const VERSION: u8 = 1;

/// One line, without its end.
pub fn line(at: i64, event: &str, body: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Line<'a, B> {
        v: u8,
        at: String,
        event: &'a str,
        #[serde(flatten)]
        body: &'a B,
    }
    serde_json::to_string(&Line { v: VERSION, at: moment::rfc3339(at), event, body })
        .expect("lines are made of texts, numbers and objects with text keys")
}

/// A line about now.
pub fn line_now(event: &str, body: &impl Serialize) -> String {
    line(moment::now(), event, body)
}

/// A fault as the contract writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultLine {
    pub code: &'static str,
    pub step: Step,
    pub blame: Blame,
    pub retry: Retry,
    pub what: String,
    pub fix: String,
    pub device_code: Option<u16>,
}

impl From<&Fault> for FaultLine {
    fn from(fault: &Fault) -> FaultLine {
        let words = words::fault(fault);
        FaultLine {
            code: fault.code.as_str(),
            step: fault.step,
            blame: fault.blame,
            retry: fault.retry,
            what: words.what,
            fix: words.fix,
            device_code: fault.device_code,
        }
    }
}

/// The end of a unit's job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FinishedLine {
    /// `null` for a row of a batch that never had a device.
    pub job: Option<JobId>,
    #[serde(flatten)]
    pub origin: OriginLine,
    pub unit: Option<UnitId>,
    pub outcome: Outcome,
    pub device_id: Option<i32>,
    pub driver: Option<String>,
    pub attempt: u32,
    pub elapsed_ms: i64,
    pub steps: StepTimes,
    pub fault: Option<FaultLine>,
}

impl FinishedLine {
    /// A row's end as the journal has it; a row without an end is told as skipped.
    pub fn of_row(batch: BatchId, row: &RowState, job: Option<(JobId, RecordedJob)>) -> FinishedLine {
        let mut line = FinishedLine::skipped(batch, row);
        if let Some(end) = &row.end {
            line.outcome = end.outcome;
            line.fault = end.fault.as_deref().map(FaultLine::from);
        }
        if let Some((id, job)) = job {
            line.job = Some(id);
            line.unit = job.state.unit.clone().or(line.unit);
            line.device_id = job.state.device.map(|device| device.0);
            if row.end.is_none() {
                // It was to be run again, and its line stopped before that: the cause is the one that it met.
                line.fault = job.state.fault.as_deref().map(FaultLine::from);
            }
            line.driver.clone_from(&job.state.driver);
            line.attempt = job.state.attempt;
            line.elapsed_ms = i64::try_from(job.timeline.elapsed_ms().unwrap_or(0)).unwrap_or(i64::MAX);
            let spent = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
            line.steps =
                StepTimes(job.timeline.steps_ms().iter().map(|(step, ms)| (*step, spent(*ms))).collect());
        }
        line
    }

    /// A row that was not begun.
    pub fn skipped(batch: BatchId, row: &RowState) -> FinishedLine {
        FinishedLine {
            job: None,
            origin: OriginLine { batch: Some(batch), row: Some(row.item.row), ..OriginLine::default() },
            unit: match &row.item.bind {
                Bind::Mac { mac: wanted } | Bind::Label { label: wanted } => Some(UnitId(wanted.clone())),
                Bind::Next => None,
            },
            outcome: Outcome::Skipped,
            device_id: None,
            driver: None,
            attempt: 0,
            elapsed_ms: 0,
            steps: StepTimes::default(),
            fault: None,
        }
    }
}

/// Whence a job came; fields that nobody gave are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OriginLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<String>,
}

impl From<&Origin> for OriginLine {
    fn from(origin: &Origin) -> OriginLine {
        OriginLine {
            batch: origin.batch.map(|of| of.batch),
            row: origin.batch.map(|of| of.row),
            station: origin.station.clone(),
            slot: origin.slot.clone(),
            operator: origin.operator.clone(),
            work_order: origin.work_order.clone(),
            shift: origin.shift.clone(),
        }
    }
}

/// Milliseconds in each step, in the order in which they began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepTimes(pub Vec<(Step, i64)>);

impl Serialize for StepTimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (step, spent) in &self.0 {
            map.serialize_entry(words::step(*step), spent)?;
        }
        map.end()
    }
}

/// A fact as a line: its name is the event, its fields stand beside it. `Finished` becomes the contract's `finished`
/// object, for which `story` must have seen the job's facts, this one included. The cloud's clock is `cloud_at`, since
/// `at` is this computer's.
pub fn fact(fact: &Fact, story: &Story) -> String {
    if let JobEvent::Finished { outcome, fault } = &fact.event {
        return line(fact.at, "finished", &story.finished(*outcome, fault.as_deref()));
    }
    let mut body = match serde_json::to_value(&fact.event) {
        Ok(Value::Object(body)) => body,
        _ => unreachable!("a fact is an object, by its serde tag"),
    };
    let name = match body.remove("fact") {
        Some(Value::String(name)) => name,
        _ => unreachable!("a fact has its name as tag"),
    };
    if let Some(at) = body.remove("at") {
        body.insert("cloud_at".to_owned(), at.as_i64().map(moment::rfc3339).into());
    }
    if let JobEvent::TokenFailed { fault }
    | JobEvent::DeliveryRefused { fault }
    | JobEvent::Warned { fault } = &fact.event
    {
        body.insert("fault".to_owned(), json!(FaultLine::from(&story.explained(fault))));
    }
    body.insert("job".to_owned(), json!(fact.job));
    body.insert("seq".to_owned(), json!(fact.seq));
    line(fact.at, &name, &body)
}

/// A device came, changed or left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SightingLine {
    pub medium: proto::MediumKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    pub name: Option<String>,
    /// The best driver that its advert alone tells; `null`: none, or it has to be asked.
    pub driver: Option<&'static str>,
    pub rssi: Option<i16>,
    pub usb: Option<UsbLine>,
    pub change: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UsbLine {
    /// Four hexadecimal digits, as `lsusb` writes them.
    pub vid: String,
    pub pid: String,
    pub serial: Option<String>,
    pub product: Option<String>,
    pub path: Option<String>,
}

impl From<&Sighting> for SightingLine {
    fn from(sighting: &Sighting) -> SightingLine {
        let text = sighting.address.text().to_owned();
        let (address, port) = match &sighting.address {
            proto::Address::Ble(_) => (Some(text), None),
            proto::Address::Serial(_) => (None, Some(text)),
        };
        let (rssi, usb) = match &sighting.advert {
            Advert::Ble(ble) => (ble.rssi, None),
            Advert::Serial(serial) => (None, serial.usb.as_ref()),
        };
        SightingLine {
            medium: sighting.address.medium(),
            address,
            port,
            name: sighting.advert.name().map(str::to_owned),
            driver: proto::drivers_for(&sighting.advert)
                .first()
                .filter(|driver| {
                    sighting.address.medium() == proto::MediumKind::Ble
                        || driver.fit(&sighting.advert) == proto::Fit::Yes
                })
                .map(|driver| driver.name()),
            rssi,
            usb: usb.map(|usb| UsbLine {
                vid: format!("{:04x}", usb.vid),
                pid: format!("{:04x}", usb.pid),
                serial: usb.serial.clone(),
                product: usb.product.clone(),
                path: usb.path.clone(),
            }),
            change: match sighting.change {
                Change::Came => "came",
                Change::Changed => "changed",
                Change::Left => "left",
            },
        }
    }
}

/// Nothing was begun: all reasons, each with its fix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedLine {
    pub reasons: Vec<ReasonLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReasonLine {
    pub code: &'static str,
    pub what: String,
    pub fix: String,
}

impl From<&RefusalReason> for ReasonLine {
    fn from(reason: &RefusalReason) -> ReasonLine {
        let words = words::refusal(reason);
        ReasonLine { code: reason.code.as_str(), what: words.what, fix: words.fix }
    }
}

impl From<&Refusal> for RefusedLine {
    fn from(refusal: &Refusal) -> RefusedLine {
        RefusedLine { reasons: refusal.reasons.iter().map(ReasonLine::from).collect() }
    }
}

/// First line of the practice cloud. Its secrets are made up for practice and open nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CloudReadyLine {
    pub url: String,
    pub client_id: String,
    pub client_secret: String,
    pub org: i32,
    pub owner: i64,
}

/// First line of a practice device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceReadyLine {
    pub port: String,
    pub unit: String,
    /// What `FIRSTLIGHT_DEVICE_SECRET` has to be for it, where it asks for a proof of possession.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_secret: Option<&'static str>,
}
