//! What a command works with: the real ports, radios and clouds, or the practice world in their place.

use crate::arguments::{Common, MediumChoice};
use api::calls::ProvisionRequest;
use api::clouds::{GivenClouds, NoClouds, OneCloud};
use api::secrets::{SecretName, Secrets};
use engine::plan::batch::{BatchNetwork, BatchPlan};
use engine::record::batch::{BatchItem, Bind};
use engine::work::Clouds;
use link::ble::{BleMedium, BleSettings};
use link::serial::{SerialMedium, SerialSettings};
use link::{LinkError, Medium};
use proto::{Address, Secret};
use std::sync::Arc;

/// Ways to devices, and the clouds behind them.
pub struct World {
    pub media: Vec<Arc<dyn Medium>>,
    pub clouds: Arc<dyn Clouds>,
}

/// Serial ports beyond those that the system lists: paths or globs, separated by `:`.
const SERIAL_PORTS: &str = "FIRSTLIGHT_SERIAL_PORTS";

pub fn serial() -> SerialMedium {
    SerialMedium::new(SerialSettings::from_list(&std::env::var(SERIAL_PORTS).unwrap_or_default()))
}

/// The radio: every adapter, or the one that was named.
pub fn ble(adapter: Option<&str>) -> BleMedium {
    BleMedium::new(BleSettings { adapter: adapter.map(str::to_owned), ..BleSettings::default() })
}

impl World {
    pub fn real(adapter: Option<&str>, medium: MediumChoice, clouds: GivenClouds) -> World {
        World { media: media(adapter, medium), clouds: Arc::new(clouds) }
    }

    /// For looking around only: no cloud is behind it.
    pub fn to_look_at(common: &Common, adapter: Option<&str>, medium: MediumChoice) -> World {
        let media = match common.practice {
            true => Practice::new().0.media().into_iter().filter(|of| wanted(medium, of.kind())).collect(),
            false => media(adapter, medium),
        };
        World { media, clouds: Arc::new(NoClouds) }
    }

    /// For commands that ask the cloud about what the journal holds, and no device.
    pub fn cloud_only(common: &Common, clouds: GivenClouds) -> World {
        match common.practice {
            true => Practice::new().world(),
            false => World { media: Vec::new(), clouds: Arc::new(clouds) },
        }
    }
}

fn media(adapter: Option<&str>, medium: MediumChoice) -> Vec<Arc<dyn Medium>> {
    let mut media: Vec<Arc<dyn Medium>> = Vec::new();
    if wanted(medium, proto::MediumKind::Serial) {
        media.push(Arc::new(serial()));
    }
    if wanted(medium, proto::MediumKind::Ble) {
        media.push(Arc::new(ble(adapter)));
    }
    media
}

fn wanted(choice: MediumChoice, kind: proto::MediumKind) -> bool {
    match choice {
        MediumChoice::All => true,
        MediumChoice::Serial => kind == proto::MediumKind::Serial,
        MediumChoice::Ble => kind == proto::MediumKind::Ble,
    }
}

/// The embedded practice world, with defaults for all that a real one has to be told.
pub struct Practice(sim::World);

impl Practice {
    pub fn new() -> Practice {
        Practice(sim::practice_world())
    }

    pub fn world(self) -> World {
        World { media: self.0.media(), clouds: Arc::new(OneCloud(self.0.cloud())) }
    }

    /// A practice world with one device for each row of a batch.
    pub fn for_batch(plan: &BatchPlan) -> Practice {
        Practice::for_rows(plan.items.iter())
    }

    pub fn for_rows<'a>(items: impl Iterator<Item = &'a BatchItem>) -> Practice {
        let wanted = items.map(|item| {
            let (mac, name) = match &item.bind {
                Bind::Mac { mac } => (Some(mac.clone()), None),
                Bind::Label { label } => (None, Some(label.clone())),
                Bind::Next => (None, None),
            };
            sim::PracticeUnit { mac, name, template: item.recipe.expect_template.clone() }
        });
        Practice(sim::practice_units(wanted))
    }

    /// The networks of the practice place, with their passwords.
    pub fn networks(&self) -> Vec<BatchNetwork> {
        let networks = self.0.networks().into_iter().filter(|network| !network.hidden);
        networks
            .map(|network| BatchNetwork {
                name: None,
                ssid: network.ssid,
                password: Secret::new(network.password),
            })
            .collect()
    }

    /// Fills in what was not typed: server, organization, owner, and the network with its password.
    pub fn fill(&self, request: &mut ProvisionRequest, secrets: &mut Secrets) {
        let default = |value: &mut Option<String>, text: String| {
            value.get_or_insert(text);
        };
        // A cloud of its own for each run: device ids begin anew, and a journal must not take them for earlier ones.
        let run = api::moment::now();
        default(&mut request.server, format!("https://practice-{run}.test"));
        default(&mut request.token_host, self.0.cloud_state().host());
        default(&mut request.org, "1".to_owned());
        default(&mut request.owner, "1".to_owned());
        default(&mut request.wifi, sim::air::PRACTICE_SSID.to_owned());
        default(&mut request.carrier, sim::air::PRACTICE_CARRIER.to_owned());
        let mut defaults = Secrets::default();
        defaults.set(SecretName::Bearer, Secret::new("practice"));
        let network =
            self.0.networks().into_iter().find(|network| Some(&network.ssid) == request.wifi.as_ref());
        if let Some(network) = network {
            defaults.set(SecretName::WifiPassword, Secret::new(network.password));
        }
        *secrets = std::mem::take(secrets).or(defaults);
    }

    /// Server and sign-in, for commands that need no more.
    pub fn fill_cloud(&self, server: &mut Option<String>, secrets: &mut Secrets) {
        let mut request = ProvisionRequest { server: server.take(), ..ProvisionRequest::default() };
        self.fill(&mut request, secrets);
        *server = request.server;
    }

    /// The USB sockets of its serial devices.
    pub fn sockets(&self) -> Vec<String> {
        let usb = self.0.devices().into_iter().filter_map(|device| device.spec().usb.clone()?.path);
        usb.collect()
    }

    /// Why this is no port of the practice world.
    pub fn port_problem(&self, path: &str) -> Option<LinkError> {
        let known =
            self.0.devices().iter().any(|device| device.address() == Address::Serial(path.to_owned()));
        (!known).then(|| LinkError::NoSuchPort { port: path.to_owned() })
    }
}
