//! How a simulated device joins a network and logs in to its cloud: the part that all dialects share.
//!
//! A network lets it in only if it exists here and the password fits, and the cloud only with a token that it issued;
//! knobs can spoil that, never fake it. Times are those of section 3.7 of the device protocols.

use crate::air::AccessPoint;
use crate::cloud::Login;
use crate::trouble::{Cable, JoinOutcome, Trouble};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a device tries to connect with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempt {
    /// `false`: over Ethernet.
    pub over_wifi: bool,
    pub ssid: String,
    pub password: String,
    pub token: String,
    pub host: String,
}

/// Something happened on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The network is joined; now for the cloud.
    Joined(Joined),
    /// It is over, with this code (section 2.2).
    Failed(u16),
    /// Log in with the attempt's token, and tell the answer.
    LogIn,
    /// Logged in.
    Connected,
    /// The live connection ended by itself.
    Dropped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub ip: String,
    pub bssid: String,
    pub rssi: i16,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Idle,
    Network { until: Instant },
    Cloud { until: Instant },
    AwaitingAnswer,
    Online { drops: Option<Instant> },
}

/// Phase limit of network and cloud alike.
pub const PHASE_LIMIT: Duration = Duration::from_secs(50);
const JOIN_TIME: Duration = Duration::from_millis(2_500);
const LOGIN_TIME: Duration = Duration::from_millis(1_500);
const ONLINE_BEFORE_DROP: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Uplink {
    air: Arc<Vec<AccessPoint>>,
    pub trouble: Trouble,
    phase: Phase,
    attempt: Attempt,
    /// The last address byte, so that devices differ.
    number: u8,
    result: Result<Joined, u16>,
    five_ghz: bool,
    /// How long it tries each phase.
    pub limit: Duration,
}

impl Uplink {
    pub fn new(air: Arc<Vec<AccessPoint>>, trouble: Trouble, number: u8, five_ghz: bool) -> Uplink {
        Uplink {
            air,
            trouble,
            phase: Phase::Idle,
            attempt: Attempt::default(),
            number,
            result: Err(704),
            five_ghz,
            limit: PHASE_LIMIT,
        }
    }

    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    pub fn air(&self) -> &[AccessPoint] {
        &self.air
    }

    pub fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Network { .. } | Phase::Cloud { .. } | Phase::AwaitingAnswer)
    }

    pub fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online { .. })
    }

    pub fn start(&mut self, attempt: Attempt, now: Instant) {
        self.result = self.join(&attempt);
        self.attempt = attempt;
        // A network that refuses is noticed only when the phase is over: section 2.2, last sentence.
        let time = if self.result.is_ok() { JOIN_TIME } else { self.limit };
        self.phase = Phase::Network { until: now + self.trouble.scaled(time) };
    }

    pub fn stop(&mut self) {
        self.phase = Phase::Idle;
    }

    fn join(&self, attempt: &Attempt) -> Result<Joined, u16> {
        let reason = |code| if self.trouble.reason_hidden { 701 } else { code };
        let ip = format!("10.0.0.{}", self.number.clamp(2, 250));
        if !attempt.over_wifi {
            return match self.trouble.cable {
                Cable::Ready => Ok(Joined { ip, bssid: String::new(), rssi: 0 }),
                Cable::Unplugged | Cable::NoSocket => Err(721),
            };
        }
        match self.trouble.outcome {
            JoinOutcome::WrongPassword => return Err(reason(722)),
            JoinOutcome::MissingSsid | JoinOutcome::FiveGhz => return Err(reason(720)),
            JoinOutcome::NoAddress => return Err(reason(723)),
            JoinOutcome::NetworkTimeout => return Err(701),
            JoinOutcome::Code(code) if is_of_network(code) => return Err(code),
            _ => {}
        }
        let mut heard: Vec<&AccessPoint> = self
            .air
            .iter()
            .filter(|ap| ap.ssid == attempt.ssid && (self.five_ghz || !ap.is_five_ghz()))
            .collect();
        heard.sort_by_key(|ap| std::cmp::Reverse(ap.rssi));
        let Some(ap) = heard.first() else {
            let known = self.air.iter().any(|ap| ap.ssid == attempt.ssid);
            let lets_in =
                self.trouble.foreign_networks.unwrap_or(false) && !known && !attempt.ssid.is_empty();
            return if lets_in {
                Ok(Joined { ip, bssid: "A4:2B:B0:00:00:01".to_owned(), rssi: -60 })
            } else {
                Err(reason(720))
            };
        };
        if ap.security.ends_with("ENT") {
            return Err(701);
        }
        if ap.password != attempt.password {
            return Err(reason(722));
        }
        if !ap.gives_addresses {
            return Err(reason(723));
        }
        Ok(Joined { ip, bssid: ap.bssid.clone(), rssi: ap.rssi })
    }

    fn reaches_cloud(&self) -> bool {
        self.trouble.outcome != JoinOutcome::CloudTimeout
            && (!self.attempt.over_wifi
                || !self.air.iter().any(|ap| ap.ssid == self.attempt.ssid && !ap.reaches_cloud))
    }

    pub fn wake_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Network { until } | Phase::Cloud { until } => Some(*until),
            Phase::Online { drops } => *drops,
            Phase::Idle | Phase::AwaitingAnswer => None,
        }
    }

    pub fn wake(&mut self, now: Instant) -> Option<Way> {
        if self.wake_at().is_none_or(|at| at > now) {
            return None;
        }
        match self.phase {
            Phase::Network { .. } => match self.result.clone() {
                Ok(joined) => {
                    let silent = !self.reaches_cloud();
                    let time = if silent { self.limit } else { LOGIN_TIME };
                    self.phase = Phase::Cloud { until: now + self.trouble.scaled(time) };
                    Some(Way::Joined(joined))
                }
                Err(code) => {
                    self.phase = Phase::Idle;
                    Some(Way::Failed(code))
                }
            },
            Phase::Cloud { .. } => match self.trouble.outcome {
                _ if !self.reaches_cloud() => {
                    self.phase = Phase::Idle;
                    Some(Way::Failed(702))
                }
                JoinOutcome::Code(code) => {
                    self.phase = Phase::Idle;
                    Some(Way::Failed(code))
                }
                JoinOutcome::BadToken => {
                    self.phase = Phase::Idle;
                    Some(Way::Failed(703))
                }
                JoinOutcome::NeverChecksIn => {
                    // It hangs here, as a device does that crashed or lost its power.
                    self.phase = Phase::AwaitingAnswer;
                    None
                }
                _ => {
                    self.phase = Phase::AwaitingAnswer;
                    Some(Way::LogIn)
                }
            },
            Phase::Online { .. } => {
                self.phase = Phase::Idle;
                Some(Way::Dropped)
            }
            Phase::Idle | Phase::AwaitingAnswer => None,
        }
    }

    /// The cloud's answer to [`Way::LogIn`]; `None`: it could not be reached.
    pub fn logged_in(&mut self, answer: Option<Login>, now: Instant) -> Option<Way> {
        if self.phase != Phase::AwaitingAnswer {
            return None;
        }
        match answer {
            Some(Login::Accepted { .. }) => {
                let drops = (self.trouble.outcome == JoinOutcome::ChecksInThenDrops)
                    .then(|| now + self.trouble.scaled(ONLINE_BEFORE_DROP));
                self.phase = Phase::Online { drops };
                Some(Way::Connected)
            }
            Some(Login::Refused) => {
                self.phase = Phase::Idle;
                Some(Way::Failed(703))
            }
            None => {
                self.phase = Phase::Idle;
                Some(Way::Failed(702))
            }
        }
    }
}

/// Codes that arise before there is a network.
fn is_of_network(code: u16) -> bool {
    matches!(code, 701 | 704 | 720..=732)
}

/// Reason word of a code in BLE events: phase word and reason (section 2.2).
pub fn reason(code: u16) -> (&'static str, &'static str) {
    match code {
        701 => ("net_fail", "timeout"),
        702 => ("cloud_fail", "timeout"),
        703 => ("cloud_fail", "auth_failed"),
        704 => ("net_fail", "generic"),
        705 => ("cloud_fail", "generic"),
        710 => ("cloud_fail", "dns_failed"),
        711 => ("cloud_fail", "invalid_certificate"),
        712 => ("cloud_fail", "captive_portal"),
        720 => ("net_fail", "not_found"),
        721 => ("net_fail", "no_cable"),
        722 => ("net_fail", "invalid_credentials"),
        723 => ("net_fail", "no_ip_assigned"),
        730 => ("net_fail", "sim_missing"),
        731 => ("net_fail", "sim_locked"),
        732 => ("net_fail", "sim_wrong_pin"),
        _ => ("connect_fail", "configuration invalid"),
    }
}
