//! As much of protobuf's wire format as a provisioning service needs, written from its description.

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

/// A message under way.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Zero is left out, as proto3 wants it.
    pub fn number(mut self, field: u32, number: i64) -> Writer {
        if number != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(number as u64);
        }
        self
    }

    /// Also when it is zero: a member of a `oneof`.
    pub fn chosen_number(mut self, field: u32, number: i64) -> Writer {
        self.varint(u64::from(field) << 3);
        self.varint(number as u64);
        self
    }

    /// Bytes, a text, or a message inside; also when it is empty.
    pub fn bytes(mut self, field: u32, bytes: &[u8]) -> Writer {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn end(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// All fields in their order; `None` for what is no message.
pub fn fields(mut bytes: &[u8]) -> Option<Vec<(u32, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let field = u32::try_from(key >> 3).ok()?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let value = bytes.get(..length)?;
                bytes = &bytes[length..];
                Value::Bytes(value)
            }
            _ => return None,
        };
        fields.push((field, value));
    }
    Some(fields)
}

/// A number among fields; zero when it is left out.
pub fn number(fields: &[(u32, Value<'_>)], field: u32) -> u64 {
    fields
        .iter()
        .find_map(|(at, value)| match value {
            Value::Number(number) if *at == field => Some(*number),
            _ => None,
        })
        .unwrap_or(0)
}

pub fn bytes<'b>(fields: &[(u32, Value<'b>)], field: u32) -> Option<&'b [u8]> {
    fields.iter().find_map(|(at, value)| match value {
        Value::Bytes(bytes) if *at == field => Some(*bytes),
        _ => None,
    })
}
