//! How long everything may take, and how much is kept: one table, with a reason for each.
//!
//! The host waits longer than the device does. Waits inside a conversation belong to the protocols (`proto`), the bound
//! of opening a link to `link`, waits for an HTTP answer to `cloud`; here is what a job waits for.

use std::time::Duration;

// ---- finding and opening a device

/// Until a device that is in sight has shown which services it offers: they come with its next advertisement, at the
/// latest after 2 s. Without them it is asked all the same.
pub const ADVERT_COMPLETE: Duration = Duration::from_secs(2);

/// Until a device that was asked for by name or address has to be in sight: it advertises every 100 ms to 1 s, a scan may
/// miss several, and a person may still be switching it on.
pub const IN_SIGHT: Duration = Duration::from_secs(30);

/// Until a listed port's description has to be there: listing is one look into the system, no waiting for a device.
pub const LISTED: Duration = Duration::from_millis(500);

/// With "any device": how long further BLE devices may turn up after the first, so that the nearest is taken and not the
/// quickest. Two advertising intervals of a slow device.
pub const GATHERING: Duration = Duration::from_secs(2);

/// How often a BLE device is opened before a person is asked: the first connection after a scan often fails, on every
/// system; more than twice again has never helped (section 9 of the device protocols, row 10).
pub const OPENINGS: u32 = 3;

/// Between two of them: the system has to notice that the first is gone.
pub const BETWEEN_OPENINGS: Duration = Duration::from_millis(500);

/// Letting a device go: BlueZ takes 2 s for it, after others that are let go or connected at that moment (2 s and 1 s); after
/// that nobody waits for it.
pub const CLOSING: Duration = Duration::from_secs(10);

/// How long a link stays open after a failure that a person can correct: to read what happened, to look the password up
/// and to type it. A radio device that is held does not advertise, so others do not find it meanwhile.
pub const CORRECTION: Duration = Duration::from_secs(120);

// ---- asking and delivering

/// Upper bound around every question, whatever its dialogue says: a scan may take 35 s, a person 120 s to press a button
/// and again as long for a security handshake. Only a dialogue that forgot its bound ever meets this one.
pub const QUESTION: Duration = Duration::from_secs(300);

/// How often one token is handed over in one job: a device that forgot half of it gets all of it once more.
pub const DELIVERIES: u32 = 2;

/// How often a token that the device reports as refused is replaced in one job.
pub const RENEWALS: u32 = 1;

// ---- following, and asking the cloud (section 7 of the cloud reference)

/// After the device says that it goes for the cloud: TLS and login take it this long at least.
pub const FIRST_POLL_HEARD: Duration = Duration::from_secs(3);

/// After the delivery, to a device that does not say how it fares: association and DHCP take longer than that only when
/// there is trouble.
pub const FIRST_POLL_SILENT: Duration = Duration::from_secs(15);

/// While a person stands by.
pub const POLL_OFTEN: Duration = Duration::from_secs(2);

/// For this long.
pub const POLL_OFTEN_FOR: Duration = Duration::from_secs(60);

/// After that: it is a slow network, and 2 s more do not matter.
pub const POLL_SELDOM: Duration = Duration::from_secs(5);

/// From the delivery to "unknown", where the recipe does not say: two phases of 50 s in the device, a reboot, and the
/// cloud's own delays (reference: poll up to 180 s).
pub const FIRST_LIGHT_S: u32 = 180;

/// After a device said that it failed, how long its connection may still turn up in the cloud before it is believed: one
/// look, no waiting.
pub const LAST_LOOK: Duration = Duration::from_secs(10);

/// Between two looks at a device that is back in sight after its link was lost: while it is busy with its network, each
/// look may disturb it.
pub const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// A device that was let go while it joins is not asked for its error before this: it tries its network for 50 s, and asking
/// earlier costs a link, disturbs it, and learns nothing.
pub const JOINING_ALONE: Duration = Duration::from_secs(55);

/// The same for one that is in sight again only when it failed: it turns its radio off a second after it was let go, and
/// what was heard of it before is forgotten after 20 s.
pub const OUT_OF_SIGHT: Duration = Duration::from_secs(25);

/// So many devices that came back without a word are no accident, while none that began later has passed: before others
/// begin, one of them is heard out.
pub const CAME_BACK: usize = 3;

/// Until such a device has to be back, when something is still to be handed to it: 50 s in one phase, 10 s to its reboot.
pub const BACK_IN_SIGHT: Duration = Duration::from_secs(90);

// ---- remembering

/// How long the templates of an organization are believed: they change a few times a year, and a template that is not
/// found is looked for again at once.
pub const TEMPLATES_FRESH: Duration = Duration::from_secs(600);

/// How long the list of an organization's devices is believed: it only tells what was there before a reservation, and
/// the shorter it is believed, the fewer devices of others can be taken for ours after a lost answer.
pub const DEVICES_FRESH: Duration = Duration::from_secs(60);

/// Updates that a slow listener may lag behind before it is told that it missed some: a batch of a thousand units writes
/// about twenty facts each, and a face that draws ten times a second never lags this far.
pub const UPDATES_KEPT: usize = 4096;

/// Facts that go to disk in one go: as many as a busy station has waiting, few enough to be written in a few milliseconds.
pub const FACTS_TOGETHER: usize = 256;

/// Until the system's keychain says that it is there: it answers within a second, and a stuck bus should not hold up a
/// start for long.
pub const KEYCHAIN_THERE: Duration = Duration::from_secs(5);

/// Until the keychain gives or takes a secret: it may ask a person to unlock it, who has to find the password.
pub const KEYCHAIN_UNLOCKED: Duration = Duration::from_secs(120);

/// Until a program that reads the journal's file (a backup) lets the writer at it.
pub const JOURNAL_READERS: Duration = Duration::from_secs(5);

// ---- at a station

/// A device that starts again leaves the bus for up to two seconds; only after that was it pulled out.
pub const UNPLUGGED: Duration = Duration::from_secs(3);

/// Between two looks at a printer that lacks something: a roll of labels takes a person half a minute.
pub const PRINTER_AGAIN: Duration = Duration::from_secs(3);

/// How many passes the takt is taken from: enough that one slow unit does not jump it about, few enough that it follows
/// a change within minutes.
pub const TAKT_OF: usize = 20;

// ---- beside a job

/// A check of the computer for a person, and the cloud's record after a pass: services that are there answer within a
/// second or two, and nobody should wait for those that are not.
pub const ASIDE: Duration = Duration::from_secs(10);

/// Without a job for this long, the work counts as done: a batch needs a moment from one unit to the next, and the
/// computer should not go to sleep in it, nor a person be called.
pub const WORK_OVER: Duration = Duration::from_secs(2);

/// Work that took longer is worth a word on the desktop: so long nobody waits without looking elsewhere.
pub const WORTH_A_WORD: Duration = Duration::from_secs(10);

// ---- many at once

/// Serial ports that are open at once. A hub tree has at most 127 devices; each open port is a thread.
pub const SERIAL_LINKS: usize = 128;

/// BLE links at the beginning: every adapter that is sold takes three.
pub const BLE_LINKS_FIRST: usize = 3;

/// And at most: controllers promise seven to ten, and more conversations at once only make each slower.
pub const BLE_LINKS_MOST: usize = 10;

/// Openings that have to go well before one link more is tried: a round for each of the first links, so that a lucky one
/// is no proof.
pub const BLE_PROBE_AFTER: usize = 12;

/// The same where trying failed again and again: a probe that fails costs half of the links for a moment, and once in so
/// many units that does not matter.
pub const BLE_PROBE_SELDOM: usize = 384;

/// Jobs of one batch at once, also those that only wait for the cloud: a unit needs about 12 s, ten links bring one each
/// second, and a cloud that is slow for three minutes must not stop them.
pub const JOBS_AT_ONCE: usize = 256;

/// How often a row's device is tried in one run when its trouble came before anything was handed to it.
pub const ROW_ATTEMPTS: u32 = 3;

/// A unit that has met the same trouble so often has it of its own, whatever was mended meanwhile: it is run again only by
/// hand, and as the one that goes alone it speaks for no other.
pub const SAME_AGAIN: usize = 3;

/// Before the next try of such a device: it has to notice that the link is gone, and to advertise again.
pub const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(3);

/// A device that did not say who it is, is asked again after this, since somebody may have plugged it in badly.
pub const ASK_AGAIN: Duration = Duration::from_secs(10);

/// How often, before it is taken for no device of ours.
pub const ASKED_MOST: u32 = 3;

/// When nothing has happened for so long (no device came, no job ended), rows without a device end as not found. Twice
/// what a single job waits, since somebody may be carrying the next box.
pub const NO_MORE_DEVICES: Duration = Duration::from_secs(60);

/// Rows of a batch in one fact: a megabyte of JSON at most.
pub const ROWS_A_FACT: usize = 500;

/// A device that was being given something when the program ended may be on its way to the cloud: as long as a device
/// that says nothing needs for its first sign, it is only asked about and left alone.
pub const AFTER_A_CRASH: Duration = Duration::from_secs(20);

/// How often the cloud is asked about units whose end is not known yet, by the age of the question: in the first ten
/// minutes somebody may be waiting, on the first day a device may still be switched on, after that it is a list of a few.
pub const TRACK_YOUNG: Duration = Duration::from_secs(15);
pub const TRACK_TODAY: Duration = Duration::from_secs(300);
pub const TRACK_LATER: Duration = Duration::from_secs(1800);

/// After so long nobody waits for a unit that the cloud has never seen; `reconcile` still asks.
pub const TRACK_DAYS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Units that are asked about in one round.
pub const TRACK_AT_ONCE: usize = 50;
