//! Units out of thin air, shown as if the journal told of them: how `cargo xtask bench app` finds out what the window can
//! follow. Only with the feature `feed`, which nothing that is shipped has.

use super::Desk;
use crate::desk::{DeskChange, UnitView};

impl Desk {
    pub fn feed_units(&self, units: impl IntoIterator<Item = UnitView>) {
        let mut picture = self.shared.picture();
        for unit in units {
            picture.units.insert(unit.unit.clone(), unit.clone());
            picture.change(format!("unit {}", unit.unit), DeskChange::Unit { unit: Box::new(unit) });
        }
    }
}
