//! The real client over real loopback HTTP, against a server of our own that misbehaves on order.

mod many;
mod misbehaving;
mod server;
