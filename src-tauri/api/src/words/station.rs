//! A station in sentences: how a slot stands and what to do, and what came of a scan.

use super::About;
use crate::desk::station::{HeardKind, HeardView, HeldWhy, PrinterTroubleView, TileState, TileView};
use std::collections::BTreeMap;

/// How a slot stands, with what to do.
pub fn tile(tile: &TileView) -> String {
    let unit = tile.unit.as_deref().or(tile.label.as_deref()).unwrap_or("the unit");
    match tile.state {
        TileState::Unbound => "has no socket yet; learn it in the window.".to_owned(),
        TileState::Free => "free.".to_owned(),
        TileState::WantsLabel => "scan the label of the unit.".to_owned(),
        TileState::WantsDevice => format!("plug {unit} in, or switch it on."),
        TileState::Held => match (&tile.held, &tile.fault) {
            (Some(held), None) => format!("held: {}", self::held(held.why, &held.about)),
            (Some(held), Some(_)) if held.why != HeldWhy::AtDevice => {
                format!("held: {}", self::held(held.why, &held.about))
            }
            (_, Some(fault)) => format!("held: {}", fault.code),
            (None, None) => "held.".to_owned(),
        },
        TileState::Running => match tile.unit.as_deref() {
            Some(unit) => format!("running: {unit}."),
            None => "running.".to_owned(),
        },
        TileState::Printing => format!("{unit} passed; its label is being printed."),
        TileState::PrinterWaits => {
            format!("{unit} passed; {}", tile.printer.map_or("the printer waits.", printer))
        }
        TileState::LabelUncertain => {
            format!("{unit} passed; look whether its label came out: scan it, or scan “print”.")
        }
        TileState::ScanBack => format!("{unit} passed; scan its printed label."),
        TileState::Passed => format!("{unit} passed; pull it out."),
        TileState::Failed => format!(
            "{unit} failed: {}. Mend it and scan “retry”, or scan “aside”.",
            tile.fault.as_ref().map_or("no cause is known", |fault| fault.code.as_str())
        ),
        TileState::Unknown => {
            format!("{unit} is unknown: the cloud has not said that it saw it. Put it aside.")
        }
    }
}

fn printer(trouble: PrinterTroubleView) -> &'static str {
    match trouble {
        PrinterTroubleView::Offline => "the printer does not answer; switch it on, or check its address.",
        PrinterTroubleView::PaperOut => "the printer is out of labels; put a roll in.",
        PrinterTroubleView::RibbonOut => "the printer is out of ribbon.",
        PrinterTroubleView::HeadOpen => "the printer is open; close it.",
        PrinterTroubleView::Paused => "the printer is paused; press its button.",
        PrinterTroubleView::Temperature => "the printer is too hot or too cold; it goes on by itself.",
        PrinterTroubleView::BufferFull => "the printer takes nothing more; it goes on by itself.",
        PrinterTroubleView::Lost => "the connection to the printer broke.",
        PrinterTroubleView::Denied => "the system does not let this program at the printer.",
        PrinterTroubleView::Folder => "the label cannot be written to its place.",
        PrinterTroubleView::Unprintable => "the label's code has letters that cannot be encoded.",
    }
}

/// By whom, when and where a unit passed before, as far as that is known.
pub(super) fn earlier(about: &About<'_>) -> String {
    let known = |key| about.get(key).filter(|value| !value.is_empty());
    let pieces = [
        known("by").map(|by| format!(", by {by}")),
        known("at").and_then(|at| at.parse().ok()).map(|at| format!(", on {}", crate::moment::rfc3339(at))),
        known("station").map(|station| format!(", at {station}")),
    ];
    pieces.into_iter().flatten().collect()
}

/// Why a unit is held back.
pub fn held(why: HeldWhy, about: &BTreeMap<String, String>) -> String {
    let about = About(about);
    match why {
        HeldWhy::NotArmed => "the station is not armed; let the lead arm it.".to_owned(),
        HeldWhy::NobodySignedOn => "nobody is signed on; scan your badge.".to_owned(),
        HeldWhy::Typed => "labels are scanned here, not typed.".to_owned(),
        HeldWhy::AlreadyDone => format!("it has passed before{}.", earlier(&about)),
        HeldWhy::NotInOrder => {
            format!("{} does not name it.", about.named("the work order", "order", "the work order"))
        }
        HeldWhy::InWork => format!("its label is in slot {} already.", about.or("slot", "another")),
        HeldWhy::SlotTaken => format!("put the unit in slot {} aside first.", about.or("slot", "there")),
        HeldWhy::NoFreeSlot => "no slot is free for it.".to_owned(),
        HeldWhy::Refused => format!("it was refused ({}).", about.or("codes", "no reason")),
        HeldWhy::AtDevice => format!("the device says why ({}).", about.or("code", "no code")),
    }
}

/// What came of a scan.
pub fn heard(heard: &HeardView) -> String {
    let about = About(&heard.about);
    match heard.kind {
        HeardKind::Command => match (about.get("command"), about.get("slot")) {
            (Some("slot"), Some(slot)) => format!("Slot {slot} is chosen."),
            (Some(command), _) => format!("Command: {}.", command.replace('_', " ")),
            (None, _) => "Command taken.".to_owned(),
        },
        HeardKind::Field => {
            format!("{}: {}.", about.or("field", "signed on").replace('_', " "), about.or("value", "nobody"))
        }
        HeardKind::Label => match about.get("slot") {
            Some(slot) => format!("Label {} for slot {slot}.", about.or("label", "")),
            None => format!("Label {}: plug the unit in.", about.or("label", "")),
        },
        HeardKind::ScannedBack => "The label is right: ready to ship.".to_owned(),
        HeardKind::Double => "The same code once more; it counted once.".to_owned(),
        HeardKind::Held => format!(
            "{}: {}",
            about.or("label", "Held"),
            heard.held.map_or_else(|| "held.".to_owned(), |why| held(why, &heard.about))
        ),
        HeardKind::WhichSlot => "Which slot? Scan the slot first.".to_owned(),
        HeardKind::NothingToDo => "Nothing to do for that now.".to_owned(),
        HeardKind::NotThisLabel => {
            format!("This is another label; scan {}.", about.or("expected", "the one that was printed"))
        }
        HeardKind::UnknownCommand => {
            "This command is not known here; print the sheet of codes anew.".to_owned()
        }
        HeardKind::BadField => format!("{} is missing or too long.", about.or("field", "The name")),
        HeardKind::NotKnown => "This code is not one of ours.".to_owned(),
        HeardKind::NoName => "This provisioning code names no device.".to_owned(),
        HeardKind::UnknownVersion => "This provisioning code is of a version that is not known.".to_owned(),
        HeardKind::OtherRadio => "The device is reached in a way that this program does not go.".to_owned(),
        HeardKind::NoSerial => {
            "This code names a kind of thing, not this one: it has no serial number.".to_owned()
        }
        HeardKind::KeyboardLayout => {
            "The scanner types for another keyboard than the computer reads; set its language.".to_owned()
        }
        HeardKind::TooLong => "This code is longer than any label.".to_owned(),
    }
}
