//! A simulated cloud and simulated devices as programs of their own. Their first line says how to reach them.

use super::Context;
use crate::arguments::{Practice, PracticeDevice};
use crate::cancel::Stops;
use crate::ending::{Ended, Ending};
use crate::face::{note, quiet};
use api::lines::CloudReadyLine;
use engine::{Refusal, RefusalCode};
use sim::cloud::{CloudBeginning, CloudState};
use sim::cloud_server::serve;
use sim::trouble::{CloudFaults, KnobError, Side, knobs};
use std::net::SocketAddr;

/// The organization and the person that the practice cloud begins with.
const ORG: i32 = 1;
const OWNER: i64 = 1;

pub async fn run(context: &Context, arguments: &Practice) -> Ended {
    match arguments {
        Practice::Cloud { listen, fault } => cloud(context, listen, fault).await,
        Practice::Device(PracticeDevice::Serial { driver, cloud, fault }) => {
            device::serial(context, driver, cloud.as_deref(), fault).await
        }
    }
}

/// Serves until it is stopped, which is its normal end.
async fn cloud(context: &Context, listen: &str, faults: &[String]) -> Ended {
    let mut stops = Stops::listen();
    let address = check_listen(listen)?;
    let faults = CloudFaults::of(faults.iter().map(String::as_str))
        .map_err(|error| wrong_fault(Side::Cloud, &error))?;
    let state = CloudState::new(CloudBeginning { faults, ..CloudBeginning::default() });
    let server = serve(state, &address.to_string()).await.map_err(|error| {
        usage(
            format!("The practice cloud cannot listen at {address} ({error})."),
            "Choose another port with --listen, or 127.0.0.1:0 for a free one.",
        )
    })?;
    let ready = CloudReadyLine {
        url: server.url().to_owned(),
        client_id: server.client_id().to_owned(),
        client_secret: server.client_secret().to_owned(),
        org: ORG,
        owner: OWNER,
    };
    context.face.announce("ready", &ready);
    if !context.face.is_json() {
        note(&format!(
            "export FIRSTLIGHT_CLIENT_ID={} FIRSTLIGHT_CLIENT_SECRET={}\nfirstlight provision … --server {} --org {ORG} --owner {OWNER}",
            ready.client_id, ready.client_secret, ready.url
        ));
        note(&quiet("Its secrets are made up and open nothing. Ctrl-C ends it."));
    }
    tokio::select! {
        () = stops.next() => {}
        () = server.run() => {}
    }
    Ok(Ending::Passed)
}

/// The practice cloud has no encryption, so nobody else may reach it.
fn check_listen(listen: &str) -> Result<SocketAddr, Refusal> {
    let typed = listen.replace("localhost:", "127.0.0.1:");
    match typed.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => Err(usage(
            format!("“{listen}” is not an address of this computer alone."),
            "Give a loopback address with a port, for example --listen 127.0.0.1:9080.",
        )),
    }
}

fn usage(what: String, fix: &str) -> Refusal {
    Refusal::of(RefusalCode::Usage, &[("what", &what), ("fix", fix)])
}

/// A fault that is not there: all that are, so that nobody has to look them up.
fn wrong_fault(side: Side, error: &KnobError) -> Refusal {
    let error = error.to_string();
    let mut what = error.chars();
    let what =
        what.next().map(|first| first.to_uppercase().chain(what).collect::<String>()).unwrap_or_default();
    let list: Vec<String> = knobs(side)
        .map(|knob| format!("\n    {}={}\n        {}", knob.name, knob.values, knob.what))
        .collect();
    let when = match side {
        Side::Device | Side::Printer => "",
        Side::Cloud => {
            "\n  WHEN is always, once, first:N, nth:N, every:N or P%; @CALL limits it to one call, as in lost=10%@reserve."
        }
    };
    usage(format!("{what}."), &format!("Write --fault NAME=VALUE with one of:{}{when}", list.concat()))
}

#[cfg(unix)]
mod device {
    use super::*;
    use api::lines::DeviceReadyLine;
    use engine::UnitId;
    use proto::{Address, Advert, DeviceIdentity, SerialAdvert};
    use sim::Dialect;
    use sim::device::espressif::PROOF;
    use sim::pty::{self, Reach};
    use sim::trouble::SecurityScheme;

    const PRACTICE_CLOUD: &str = "Give the practice cloud's address as in --cloud http://127.0.0.1:9080.";

    fn unknown_device(driver: &str) -> Refusal {
        usage(
            format!("No practice device on a serial port speaks “{driver}”."),
            "Give --driver blynk-console (or one of its dialects: console-a, console-b, console-silent), improv or espressif; \
micropython, ncp and dead are what else is found on a port. Bluetooth devices are in the practice world: `firstlight scan --practice`.",
        )
    }

    /// The unit that it becomes: by what its dialect tells of it, which is not the hardware address with all.
    fn unit(device: &pty::SerialDevice) -> UnitId {
        let spec = device.spec();
        let mut identity = DeviceIdentity::default();
        match spec.dialect {
            Dialect::ImprovSerial if !spec.trouble.info_refused => identity.name = Some(spec.name.clone()),
            Dialect::ImprovSerial | Dialect::EspressifConsole => {}
            _ => identity.mac = Some(device.unit().to_owned()),
        }
        let address = Address::Serial(device.port().display().to_string());
        UnitId::of(&identity, &Advert::Serial(SerialAdvert::default()), &address)
    }

    /// A device on a pty of its own, until it is stopped.
    pub async fn serial(context: &Context, driver: &str, cloud: Option<&str>, faults: &[String]) -> Ended {
        let mut stops = Stops::listen();
        let dialect = Dialect::named(driver)
            .filter(|dialect| dialect.medium() == proto::MediumKind::Serial)
            .ok_or_else(|| unknown_device(driver))?;
        let spec = pty::spec(dialect, faults.iter().map(String::as_str))
            .map_err(|error| wrong_fault(Side::Device, &error))?;
        let reach = match cloud {
            Some(url) if ::cloud::Server::parse(url).is_ok() => {
                Reach::Url(url.trim_end_matches('/').to_owned())
            }
            // It would hand its token to whoever listens.
            Some(url) => {
                return Err(usage(
                    format!("“{url}” is not the address of a practice cloud on this computer."),
                    PRACTICE_CLOUD,
                ));
            }
            None => Reach::Nowhere,
        };
        let spec_security = spec.trouble.security;
        let device = pty::serial(spec, reach).map_err(|error| {
            usage(format!("The practice device cannot be made ({error})."), PRACTICE_CLOUD)
        })?;
        let asks_for_proof = dialect == Dialect::EspressifConsole && spec_security != SecurityScheme::Zero;
        let ready = DeviceReadyLine {
            port: device.port().display().to_string(),
            unit: unit(&device).0,
            device_secret: asks_for_proof.then_some(PROOF),
        };
        context.face.announce("ready", &ready);
        if !context.face.is_json() {
            if let Some(secret) = ready.device_secret {
                note(&format!("export FIRSTLIGHT_DEVICE_SECRET={secret}"));
            }
            note(&format!("firstlight provision --port {} …", ready.port));
            let cloud = if cloud.is_some() { "" } else { " It knows no cloud; name one with --cloud URL." };
            note(&quiet(&format!("Ctrl-C ends it.{cloud}")));
        }
        tokio::select! {
            () = stops.next() => {}
            () = device.run() => {}
        }
        Ok(Ending::Passed)
    }
}

#[cfg(not(unix))]
mod device {
    use super::*;

    /// Practice devices live on ptys, which this system does not have.
    pub async fn serial(_: &Context, _: &str, _: Option<&str>, _: &[String]) -> Ended {
        Err(usage(
            "Practice devices on a serial port need Linux or macOS.".to_owned(),
            "Practise with `firstlight provision --practice --any` instead.",
        ))
    }
}
