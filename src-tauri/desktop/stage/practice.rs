//! Making the practice world fail: every knob that the simulator has, and the way back.

use super::{Scene, Trouble};
use api::desk::setup::{DeviceTroublesView, KnobView, TroubledView, TroublesView};
use engine::{Because, Refusal, RefusalCode, Why};
use sim::trouble::{KnobError, Side, knobs};

impl Scene {
    /// How everything stands; `None` where nothing is simulated.
    pub fn troubles(&self) -> Option<TroublesView> {
        let world = self.ground.world()?;
        let faults = world.cloud_state().faults();
        let usual = sim::trouble::CloudFaults::default();
        let cloud = knobs(Side::Cloud)
            .map(|knob| view(knob, faults.value(knob.name), usual.value(knob.name)))
            .collect();
        let (printer, usual_printer) = (world.printer(), sim::printer::MemoryPrinter::default());
        let printer = knobs(Side::Printer)
            .map(|knob| view(knob, printer.value(knob.name), usual_printer.value(knob.name)))
            .collect();
        let devices = world.devices().into_iter().map(|device| {
            // Some practice devices are made for one trouble; that is how they usually are.
            let (trouble, usual) = (device.trouble(), device.spec().trouble.clone());
            let knobs = knobs(Side::Device)
                .map(|knob| view(knob, trouble.value(knob.name), usual.value(knob.name)))
                .collect();
            DeviceTroublesView {
                device: device.mac().to_owned(),
                name: device.name().to_owned(),
                plugged: device.is_plugged(),
                knobs,
            }
        });
        Some(TroublesView { cloud, printer, devices: devices.collect() })
    }

    /// Turns one knob.
    pub fn make_trouble(&self, whose: &TroubledView, name: &str, value: &str) -> Result<(), Trouble> {
        let world = self.practice_world()?;
        let turned = match whose {
            TroubledView::Device { device } => self.practice_device(device)?.set(name, value),
            TroubledView::Printer => world.printer().set(name, value),
            TroubledView::Cloud => {
                let cloud = world.cloud_state();
                // A mishap adds its occasions; here one setting takes the place of the one before.
                let _ = cloud.set_fault(name, "never");
                if value == "never" { Ok(()) } else { cloud.set_fault(name, value) }
            }
        };
        turned.map_err(|error| refused(&error))
    }

    /// Puts a device where it can be reached, or takes it away.
    pub fn plug(&self, device: &str, plugged: bool) -> Result<(), Trouble> {
        let device = self.practice_device(device)?;
        if plugged {
            device.plug()
        } else {
            device.unplug()
        }
        Ok(())
    }

    /// A person holds the device's button: it waits for its configuration again.
    pub fn hold_button(&self, device: &str) -> Result<(), Trouble> {
        self.practice_device(device)?.enter_configuration();
        Ok(())
    }

    /// Everything is as it was in the beginning.
    pub fn end_troubles(&self) -> Result<(), Trouble> {
        let world = self.practice_world()?;
        world.cloud_state().clear_faults();
        world.printer().turn(|knobs| *knobs = sim::printer::PrinterKnobs::default());
        for device in world.devices() {
            device.restore();
            device.plug();
        }
        Ok(())
    }

    fn practice_world(&self) -> Result<&sim::World, Refusal> {
        self.ground.world().ok_or_else(|| Refusal::because(RefusalCode::Usage, Why::NotPractice, &[]))
    }

    fn practice_device(&self, device: &str) -> Result<sim::Device, Refusal> {
        let found = self.practice_world()?.device(device);
        found.ok_or_else(|| Refusal::of(RefusalCode::UnknownUnit, &[("unit", device)]))
    }
}

fn view(knob: &sim::trouble::Knob, value: String, usual: String) -> KnobView {
    KnobView { name: knob.name, value, usual, values: knob.values.split('|').map(str::to_owned).collect() }
}

fn refused(error: &KnobError) -> Trouble {
    let because = match error {
        KnobError::Shape { given } => Because::of(Why::FaultShape).about("value", given),
        KnobError::UnknownName { name, known, .. } => {
            Because::of(Why::FaultUnknown).about("name", name).about("known", known)
        }
        KnobError::UnknownValue { name, value, takes } => {
            Because::of(Why::FaultValue).about("name", name).about("value", value).about("known", takes)
        }
    };
    Refusal::because(RefusalCode::Usage, because, &[("field", "value")]).into()
}
