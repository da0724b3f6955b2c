//! A station as the sum of its facts: what it is armed with, who is signed on, what was held back, and which labels were
//! printed.
//!
//! What a unit's job did stands in the job's own facts, which name the station and the slot ([`crate::record::Origin`]).
//! Not here: what is in which slot right now (`work/station.rs`), and the PIN, which is in no journal.

use crate::UnitId;
use crate::plan::station::{Arming, Interlock, Place, SlotPlan, StationId};
use crate::record::event::JobId;
use crate::record::state::Act;
use link::printer::PrinterTrouble;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "station", rename_all = "snake_case")]
pub enum StationEvent {
    /// A lead armed it: units are taken from here on.
    Armed {
        name: String,
        slots: Vec<SlotPlan>,
        arming: Box<Arming>,
        software: String,
    },
    Disarmed,
    /// A slot was bound to the place where a unit was plugged in.
    Learned {
        slot: String,
        place: Place,
    },
    /// Who works here from now on, on which order, in which shift.
    SignedOn {
        operator: Option<String>,
        work_order: Option<String>,
        shift: Option<String>,
    },
    /// A unit was held back before its job began.
    Held {
        slot: Option<String>,
        label: Option<String>,
        why: Interlock,
    },
    /// An operator put the unit of a slot aside.
    SetAside {
        slot: String,
        job: Option<JobId>,
        unit: Option<UnitId>,
    },
    /// About to print a label for a unit that passed.
    LabelIntended {
        job: JobId,
        unit: UnitId,
        printer: String,
        /// Counts the prints of this job's label from 1.
        copy: u32,
    },
    LabelPrinted {
        job: JobId,
    },
    /// It was not printed, or (`effect_unknown`) nobody knows.
    LabelFailed {
        job: JobId,
        trouble: PrinterTrouble,
        effect_unknown: bool,
    },
    /// The printed label was read back: the unit is ready to ship.
    ScannedBack {
        job: JobId,
    },
}

/// A fact of a station with its place in the journal. `at` is this computer's clock, milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationFact {
    pub seq: i64,
    pub at: i64,
    pub station: StationId,
    pub event: StationEvent,
}

/// The label of one job's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelState {
    pub unit: UnitId,
    /// [`Act::Intended`] and [`Act::Unknown`]: there may be a label, so it is looked for before another is printed.
    pub print: Act,
    pub copies: u32,
    pub trouble: Option<PrinterTrouble>,
    pub scanned_back: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StationState {
    pub name: String,
    pub slots: Vec<SlotPlan>,
    /// What it was armed with last; [`StationState::armed`] says whether it still is.
    pub arming: Option<Box<Arming>>,
    pub armed: bool,
    pub armed_at: Option<i64>,
    pub operator: Option<String>,
    pub work_order: Option<String>,
    pub shift: Option<String>,
    /// Units held back since it was armed.
    pub held: u32,
    /// Units put aside since it was armed.
    pub aside: u32,
    labels: BTreeMap<JobId, LabelState>,
}

impl StationState {
    /// Takes in one more fact. An order of facts that nobody would write is folded all the same.
    pub(crate) fn take_in(&mut self, fact: &StationFact) {
        match &fact.event {
            StationEvent::Armed { name, slots, arming, software: _ } => {
                self.name.clone_from(name);
                self.slots.clone_from(slots);
                self.arming = Some(arming.clone());
                self.armed = true;
                self.armed_at = Some(fact.at);
                (self.held, self.aside) = (0, 0);
            }
            StationEvent::Disarmed => self.armed = false,
            StationEvent::Learned { slot, place } => {
                if let Some(known) = self.slots.iter_mut().find(|known| known.name == *slot) {
                    known.place = Some(place.clone());
                } else {
                    self.slots.push(SlotPlan { name: slot.clone(), place: Some(place.clone()) });
                }
            }
            StationEvent::SignedOn { operator, work_order, shift } => {
                self.operator.clone_from(operator);
                self.work_order.clone_from(work_order);
                self.shift.clone_from(shift);
            }
            StationEvent::Held { .. } => self.held += 1,
            StationEvent::SetAside { .. } => self.aside += 1,
            StationEvent::LabelIntended { job, unit, printer: _, copy } => {
                let label = self.labels.entry(*job).or_insert_with(|| LabelState {
                    unit: unit.clone(),
                    print: Act::Idle,
                    copies: 0,
                    trouble: None,
                    scanned_back: false,
                });
                label.print = Act::Intended;
                label.copies = *copy;
                label.scanned_back = false;
            }
            StationEvent::LabelPrinted { job } => self.label_of(*job, |label| {
                label.print = Act::Done;
                label.trouble = None;
            }),
            StationEvent::LabelFailed { job, trouble, effect_unknown } => self.label_of(*job, |label| {
                label.print = if *effect_unknown { Act::Unknown } else { Act::Failed };
                label.trouble = Some(*trouble);
            }),
            StationEvent::ScannedBack { job } => self.label_of(*job, |label| {
                // A label that was read is a label that was printed.
                label.print = Act::Done;
                label.scanned_back = true;
            }),
        }
    }

    fn label_of(&mut self, job: JobId, change: impl FnOnce(&mut LabelState)) {
        if let Some(label) = self.labels.get_mut(&job) {
            change(label);
        }
    }

    pub fn label(&self, job: JobId) -> Option<&LabelState> {
        self.labels.get(&job)
    }

    /// Labels that nobody knows to be printed, or that were not: what is left to do after a crash. Oldest job first.
    pub fn labels_open(&self) -> impl Iterator<Item = (JobId, &LabelState)> {
        self.labels.iter().filter(|(_, label)| label.print != Act::Done).map(|(job, label)| (*job, label))
    }
}
