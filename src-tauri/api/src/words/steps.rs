//! What is going on: steps, outcomes, waits and the device's own words.

use engine::{Outcome, Step, WaitingFor};
use proto::{DeviceWord, Exposure};

/// The step's name, as the contract and the journal have it.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Connect => "connect",
        Step::Identify => "identify",
        Step::Survey => "survey",
        Step::Reserve => "reserve",
        Step::Deliver => "deliver",
        Step::Join => "join",
        Step::Confirm => "confirm",
        Step::Describe => "describe",
    }
}

/// What a person is told while the step runs.
pub fn doing(step: Step) -> &'static str {
    match step {
        Step::Connect => "finding and opening the device",
        Step::Identify => "asking the device who it is",
        Step::Survey => "asking which networks it hears",
        Step::Reserve => "asking the cloud for a token",
        Step::Deliver => "handing over network and token",
        Step::Join => "the device joins the network",
        Step::Confirm => "waiting until the cloud sees it",
        Step::Describe => "writing name and metadata",
    }
}

pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
        Outcome::Skipped => "skipped",
    }
}

/// What is normal while this is waited for, so that nobody pulls a cable too early.
pub fn normal(what: WaitingFor) -> &'static str {
    match what {
        WaitingFor::Device => "a device that was just switched on advertises within a few seconds",
        WaitingFor::Answer => "a board that restarts when its port opens needs a few seconds",
        WaitingFor::Scan => "a device takes up to 15 s to listen for networks, 30 s on dual-band chips",
        WaitingFor::Cloud => "the cloud usually answers within a second",
        WaitingFor::Join => "a wrong password takes about 50 s to be reported",
        WaitingFor::CheckIn => "the first check-in usually follows within 15 s; some firmware restarts first",
    }
}

/// What somebody who listens could have learned of what this device is handed.
pub fn exposure(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Sealed => {
            "encrypted for this device alone: whoever listens learns neither password nor token"
        }
        Exposure::Unproven => {
            "encrypted, but without a proof that this is the right device: somebody who got in between would learn password and token"
        }
        Exposure::Cable => {
            "not encrypted: password and token cross the cable in clear, so they are safe as far as this cable and this computer are"
        }
        Exposure::Air => {
            "not encrypted: whoever is near and records the air now learns password and token; use a network or a place that you can trust"
        }
    }
}

/// The device's own words, as a sentence.
pub fn said(word: &DeviceWord) -> String {
    match word {
        DeviceWord::AwaitsPerson { hint } => format!("the device waits for you: {hint}"),
        DeviceWord::ConnectingNetwork => "the device is joining the network".to_owned(),
        DeviceWord::NetworkUp { ip, rssi, .. } => {
            let mut text = "the device is on the network".to_owned();
            if let Some(ip) = ip {
                text.push_str(&format!(" as {ip}"));
            }
            if let Some(rssi) = rssi {
                let weak = if *rssi < -75 { ", which is weak" } else { "" };
                text.push_str(&format!(" ({rssi} dBm{weak})"));
            }
            text
        }
        DeviceWord::ConnectingCloud => "the device is connecting to the cloud".to_owned(),
        DeviceWord::Connected => "the device says that it is connected; the cloud decides".to_owned(),
        DeviceWord::Restarted => "the device restarted".to_owned(),
        DeviceWord::Page { url } => format!("the device has a page of its own: {url}"),
        DeviceWord::Said { text } => format!("the device says: {text}"),
    }
}
