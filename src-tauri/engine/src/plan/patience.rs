//! How long everything may take, and how much is kept: one table, with a reason for each.
//!
//! The host waits longer than the device does. Waits inside a conversation belong to the protocols (`proto`), waits for
//! an HTTP answer to `cloud`; here is what a job waits for.

use std::time::Duration;

/// Updates that a slow listener may lag behind before it is told that it missed some: a batch of a thousand units writes
/// about twenty facts each, and a face that draws ten times a second never lags this far.
pub const UPDATES_KEPT: usize = 4096;

/// Facts that go to disk in one go: as many as a busy station has waiting, few enough to be written in a few milliseconds.
pub const FACTS_TOGETHER: usize = 256;

/// Until a device that was asked for by name or address has to be in sight: a device advertises every 100 ms to 1 s, a
/// scan may miss several, and a person may still be switching it on.
pub const IN_SIGHT: Duration = Duration::from_secs(30);
