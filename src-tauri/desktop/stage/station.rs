//! The station of this computer: opened with what is kept, or with a practice bench; armed with the profile in use.

use super::ground::Ground;
use super::{Scene, Trouble};
use api::calls::{ProvisionRequest, Wanted};
use api::desk::station::ArmRequest;
use api::secrets::{SecretName as Given, Secrets};
use api::stations::StationDesk;
use engine::Refusal;
use engine::plan::station::{Place, SlotPlan, StationPlan, Stations};
use engine::work::Engine;
use proto::MediumKind;
use std::sync::Arc;

/// Practice has a bench with a slot for each of its serial devices, and one for the radio.
fn practice_bench(world: &sim::World) -> StationPlan {
    let mut slots: Vec<SlotPlan> = world
        .devices()
        .iter()
        .filter(|device| device.dialect().medium() == MediumKind::Serial)
        .filter_map(|device| device.spec().usb.as_ref()?.path.clone())
        .map(|path| SlotPlan { name: String::new(), place: Some(Place::Usb { path }) })
        .collect();
    slots.push(SlotPlan { name: String::new(), place: Some(Place::Ble { adapter: None }) });
    for (number, slot) in (1..).zip(&mut slots) {
        slot.name = format!("{number}");
    }
    StationPlan { slots, ..StationPlan::new("Practice bench", 1) }
}

pub(super) fn open(ground: &Ground, engine: Engine) -> Result<StationDesk, Refusal> {
    match ground.world() {
        // Whatever printer its lead names: no practice label leaves this program.
        Some(world) => StationDesk::open(
            engine,
            None,
            Some(practice_bench(world)),
            Some(Arc::new(world.printer().clone())),
        ),
        None => StationDesk::open(engine, ground.dir().map(Stations::of), None, None),
    }
}

impl Scene {
    pub fn station(&self) -> &StationDesk {
        &self.station
    }

    /// Arms the station with the profile in use and what the lead has chosen.
    pub async fn arm(&self, request: ArmRequest) -> Result<(), Trouble> {
        let mut secrets = Secrets::default();
        if let Some(password) = request.password {
            secrets.set(Given::WifiPassword, password.into_secret());
        } else if request.kept_password
            && let Some(ssid) = &request.ssid
            && let Some(password) = self.ground.kept_password(ssid).await?
        {
            secrets.set(Given::WifiPassword, password);
        }
        let mut wish =
            ProvisionRequest { wanted: Some(Wanted::Any), wifi: request.ssid, ..ProvisionRequest::default() };
        self.ground.fill(&mut wish, &mut secrets).await?;
        wish.expect_template =
            request.template.filter(|template| !template.is_empty()).or(wish.expect_template);
        wish.owner = request.owner.map(|owner| owner.to_string()).or(wish.owner);
        let call = wish.check(&secrets)?;
        let pin = request.pin.map(api::desk::WindowSecret::into_secret);
        Ok(self.station.arm(pin, call.recipe, request.rules, request.order, call.secrets).await?)
    }
}
