//! Improv's service on BLE: its characteristics, its packets with their checksum, its advert. Reference: section 2.

use super::message::{BadReply, Reply, Rpc, State, checksum};
use crate::BleAdvert;
use uuid::{Uuid, uuid};

pub const SERVICE: Uuid = uuid!("00467768-6228-2272-4663-277478268000");
pub const STATE: Uuid = uuid!("00467768-6228-2272-4663-277478268001");
pub const ERROR: Uuid = uuid!("00467768-6228-2272-4663-277478268002");
pub const COMMAND: Uuid = uuid!("00467768-6228-2272-4663-277478268003");
pub const RESULT: Uuid = uuid!("00467768-6228-2272-4663-277478268004");
pub const CAPABILITIES: Uuid = uuid!("00467768-6228-2272-4663-277478268005");
/// Service data since revision 2.0 of the standard.
pub const SERVICE_DATA: Uuid = uuid!("00004677-0000-1000-8000-00805f9b34fb");

/// What a device can do beyond taking Wi-Fi settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(pub u8);

impl Capabilities {
    pub fn identify(self) -> bool {
        self.0 & 1 != 0
    }

    pub fn device_info(self) -> bool {
        self.0 & 2 != 0
    }

    pub fn scan(self) -> bool {
        self.0 & 4 != 0
    }

    pub fn hostname(self) -> bool {
        self.0 & 8 != 0
    }
}

/// The service data of an advert: `None` for another length than 6 and for state 0, which firmware in the field sends
/// by mistake and which is to be ignored.
pub fn advertised(advert: &BleAdvert) -> Option<(State, Capabilities)> {
    let data: &[u8; 6] = advert.service_data.get(&SERVICE_DATA)?.as_slice().try_into().ok()?;
    match State::from_byte(data[0])? {
        State::Stopped => None,
        state => Some((state, Capabilities(data[1]))),
    }
}

/// A command with its checksum, as the command characteristic takes it.
pub fn packet(rpc: &Rpc) -> Vec<u8> {
    let mut bytes = rpc.bytes();
    bytes.push(checksum(&bytes));
    bytes
}

/// A value of the result characteristic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Whole(Reply),
    /// A notification carries at most MTU - 3 bytes: read the characteristic to have it all.
    Cut,
}

pub fn result(bytes: &[u8]) -> Result<Value, BadReply> {
    let length = bytes.get(1).ok_or(BadReply)?;
    let end = usize::from(*length) + 2;
    match bytes.get(end) {
        None => Ok(Value::Cut),
        Some(sum) if checksum(&bytes[..end]) == *sum => Reply::read(&bytes[..end]).map(Value::Whole),
        Some(_) => Err(BadReply),
    }
}
