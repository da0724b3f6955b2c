//! The last wall in front of the journal: a secret that a device or a cloud repeats in its own words is masked.
//!
//! The layers below mask what they know of; this one does it again for everything that a job writes down, since a fact is
//! kept forever.

use crate::{Fault, JobEvent};
use proto::{DeviceWord, Secret};

/// The secrets of one job, to be looked for in texts.
#[derive(Debug, Default)]
pub(crate) struct Veil {
    secrets: Vec<Secret>,
}

/// Shorter secrets are no secrets, and would be found in innocent words.
const LEAST: usize = 6;

impl Veil {
    pub(crate) fn know(&mut self, secret: &Secret) {
        if secret.expose().len() >= LEAST {
            self.secrets.push(secret.clone());
        }
    }

    fn clean(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                *text = text.replace(secret.expose(), "•••");
            }
        }
    }

    fn clean_fault(&self, fault: &mut Fault) {
        self.clean(&mut fault.chain);
        for value in fault.about.values_mut() {
            self.clean(value);
        }
    }

    /// The event without any secret that this job knows. Only texts that others chose are looked at.
    pub(crate) fn over(&self, mut event: JobEvent) -> JobEvent {
        match &mut event {
            JobEvent::TokenFailed { fault }
            | JobEvent::DeliveryRefused { fault }
            | JobEvent::Warned { fault }
            | JobEvent::Finished { fault: Some(fault), .. } => self.clean_fault(fault),
            JobEvent::Said { word } => self.clean_word(word),
            JobEvent::Identified { identity, .. } => {
                let texts = [
                    &mut identity.name,
                    &mut identity.vendor,
                    &mut identity.template,
                    &mut identity.firmware_type,
                    &mut identity.firmware_version,
                    &mut identity.board,
                    &mut identity.uid,
                    &mut identity.url,
                ];
                texts.into_iter().flatten().for_each(|text| self.clean(text));
            }
            JobEvent::Surveyed { networks } => {
                networks.iter_mut().for_each(|network| self.clean(&mut network.ssid));
            }
            JobEvent::Seen { template, firmware, .. } => {
                [template, firmware].into_iter().flatten().for_each(|text| self.clean(text));
            }
            JobEvent::Queued { .. }
            | JobEvent::StepBegan { .. }
            | JobEvent::Connected { .. }
            | JobEvent::ReserveIntended { .. }
            | JobEvent::Reserved { .. }
            | JobEvent::RenewIntended { .. }
            | JobEvent::Renewed { .. }
            | JobEvent::Adopted { .. }
            | JobEvent::NothingWasMade
            | JobEvent::DeliverIntended { .. }
            | JobEvent::Delivered { .. }
            | JobEvent::Described { .. }
            | JobEvent::SweepIntended { .. }
            | JobEvent::Swept { .. }
            | JobEvent::Finished { fault: None, .. } => {}
        }
        event
    }

    fn clean_word(&self, word: &mut DeviceWord) {
        match word {
            DeviceWord::AwaitsPerson { hint: text }
            | DeviceWord::Said { text }
            | DeviceWord::Page { url: text } => {
                self.clean(text);
            }
            DeviceWord::NetworkUp { interface, ip, .. } => {
                [interface, ip].into_iter().flatten().for_each(|text| self.clean(text));
            }
            DeviceWord::ConnectingNetwork
            | DeviceWord::ConnectingCloud
            | DeviceWord::Connected
            | DeviceWord::Restarted => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blame, FaultCode, Retry, Step};

    #[test]
    fn a_secret_that_a_device_repeats_is_not_written_down() {
        let mut veil = Veil::default();
        veil.know(&Secret::new("CANARY-password"));
        let word = DeviceWord::Said { text: "joining Lab with CANARY-password now".into() };
        let said = veil.over(JobEvent::Said { word });
        assert!(!format!("{said:?}").contains("CANARY"), "{said:?}");

        let mut fault = Fault::new(FaultCode::DeviceRefused, Step::Deliver, Blame::Device, Retry::Now)
            .about("said", "bad key CANARY-password");
        fault.chain = "refused: CANARY-password".into();
        let warned = veil.over(JobEvent::Warned { fault: Box::new(fault) });
        assert!(!format!("{warned:?}").contains("CANARY"), "{warned:?}");
    }
}
