//! What is in sight, as it comes and goes. Opens no port and no journal.

use super::Context;
use crate::arguments::Scan;
use crate::cancel::Stops;
use crate::ending::{Ended, Ending};
use crate::face::{note, quiet, strong};
use crate::world::World;
use api::lines::{FaultLine, SightingLine};
use api::words;
use engine::record::Journal;
use engine::work::{Engine, Spotted};
use futures::StreamExt;
use link::Change;
use proto::{Advert, MediumKind};

pub async fn run(context: &Context, arguments: &Scan) -> Ended {
    let face = context.face;
    let mut stops = Stops::listen();
    let world = World::to_look_at(&context.common, arguments.adapter.as_deref(), arguments.medium);
    let media = world.media.len();
    let engine = Engine::new(Journal::in_memory(), world.media, world.clouds)?;
    let mut sightings = engine.sightings(&[MediumKind::Serial, MediumKind::Ble]);
    let end = tokio::time::sleep(arguments.time);
    tokio::pin!(end);
    let mut failed = 0;
    let mut seen = 0;
    if !face.is_json() {
        note(&quiet(&format!("Looking for {} s; Ctrl-C ends it.", arguments.time.as_secs_f32())));
    }
    loop {
        tokio::select! { biased;
            () = stops.next() => return Ok(Ending::Cancelled),
            () = &mut end => break,
            sighting = sightings.next() => match sighting {
                Some(Ok(spotted)) => {
                    face.event("sighting", &SightingLine::from(&spotted.sighting));
                    if worth_a_line(&spotted) {
                        seen += usize::from(spotted.sighting.change == Change::Came);
                        face.tell(&told(&spotted));
                    }
                }
                Some(Err(fault)) => {
                    failed += 1;
                    face.event("trouble", &serde_json::json!({ "fault": FaultLine::from(&fault) }));
                    let words = words::fault(&fault);
                    note(&format!("{} {}", words.what, words.fix));
                    if failed == media {
                        return Ok(Ending::Failed);
                    }
                }
                // All media have ended, which they do by failing; the sentence above said so.
                None => return Ok(Ending::Failed),
            },
        }
    }
    if seen == 0 && failed == 0 && !face.is_json() {
        note(
            "No device came in sight. Bring it into configuration mode (hold its button for 10 s) or plug it in; `firstlight doctor` checks this computer.",
        );
    }
    Ok(Ending::Passed)
}

/// An office is full of headphones: a person sees the Bluetooth devices that some driver fits, a script sees all.
fn worth_a_line(spotted: &Spotted) -> bool {
    spotted.sighting.address.medium() == MediumKind::Serial || !spotted.drivers.is_empty()
}

/// One line for a person.
fn told(spotted: &Spotted) -> String {
    let sighting = &spotted.sighting;
    let sign = match sighting.change {
        Change::Came => "+",
        Change::Changed => "·",
        Change::Left => "−",
    };
    let drivers = match spotted.drivers.as_slice() {
        [] => "no known driver".to_owned(),
        drivers => drivers.join(" or "),
    };
    let more = match &sighting.advert {
        Advert::Ble(ble) => ble.rssi.map(|rssi| format!("{rssi} dBm")),
        Advert::Serial(serial) => serial.usb.as_ref().map(|usb| {
            let path = usb.path.as_deref().map(|path| format!(" at {path}")).unwrap_or_default();
            let number = usb.serial.as_deref().map(|serial| format!(" {serial}")).unwrap_or_default();
            format!("USB {:04x}:{:04x}{number}{path}", usb.vid, usb.pid)
        }),
    };
    format!(
        "{sign} {:<6} {}  {}  {}",
        sighting.address.medium(),
        strong(sighting.address.text()),
        sighting.advert.name().unwrap_or("(no name)"),
        quiet(&[drivers, more.unwrap_or_default()].join("  ")),
    )
}
