//! A physical device, known by the best durable identity that it gave.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Hardware address in upper case (`24:6F:28:11:22:33`) where the device tells it, else its own `uid`, else the USB
/// serial number, else its name, else its address on the medium. The prefix says which, except for hardware addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub String);

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
