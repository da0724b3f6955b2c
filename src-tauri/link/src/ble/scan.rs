//! The system's scan, begun and ended. On Linux through a way to BlueZ of its own, not through the library:
//!
//! - The library's scan also looks for classic devices, for half of the time, and a filter for BLE alone is not to be had.
//! - BlueZ 5.66 can leave the begin or the end of a scan unanswered, when its kernel half ended the round in that moment
//!   (`start_discovery_timeout` in src/adapter.c waits for an event that does not come). From then on it refuses each call
//!   of this client as "in progress", for good. Only a client that leaves the bus is forgotten, and the library never leaves.
//!
//! What is heard arrives by the library, whoever scans. Not here: when the scan runs and rests (`ble/radio.rs`).

#[cfg(not(target_os = "linux"))]
pub(super) use library::Scan;
#[cfg(target_os = "linux")]
pub(super) use own::Scan;

#[cfg(target_os = "linux")]
mod own {
    use super::super::radio::Failed;
    use btleplug::platform::Adapter;
    use dbus::arg::{PropMap, Variant};
    use dbus::channel::{BusType, Channel};
    use dbus::nonblock::{Proxy, SyncConnection};
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::task::JoinHandle;
    use uuid::Uuid;

    /// BlueZ begins and ends a scan within a tenth of this, or not at all.
    const ANSWER_LIMIT: Duration = Duration::from_secs(3);
    const ADAPTER: &str = "org.bluez.Adapter1";

    /// The scan of one adapter.
    pub struct Scan {
        bus: Box<dyn Fn() -> Result<Channel, dbus::Error>>,
        client: RefCell<Option<Client>>,
    }

    impl Default for Scan {
        fn default() -> Scan {
            let bus = Box::new(|| Channel::get_private(BusType::System));
            Scan { bus, client: RefCell::default() }
        }
    }

    /// Ours to BlueZ. Dropping it leaves the bus, which ends its scan in whatever state that is.
    struct Client {
        connection: Arc<SyncConnection>,
        carrier: JoinHandle<()>,
    }

    impl Client {
        fn on(bus: Channel) -> Result<Client, dbus::Error> {
            let (carrier, connection) = dbus_tokio::connection::from_channel(bus)?;
            let carrier = tokio::spawn(async move { drop(carrier.await) });
            Ok(Client { connection, carrier })
        }
    }

    impl Drop for Client {
        fn drop(&mut self) {
            self.carrier.abort();
        }
    }

    impl Scan {
        /// Begins it, for devices with any of these services; for all, if there is none. The adapter stays as it is: one
        /// that is off gives `Resource Not Ready`.
        ///
        /// # Errors
        /// What BlueZ says, or `TimedOut` when it says nothing; the next try is made by a new client.
        pub async fn start(&self, _: &Adapter, name: &str, services: &[Uuid]) -> Result<(), Failed> {
            self.begin(name, services).await.map_err(said)
        }

        async fn begin(&self, name: &str, services: &[Uuid]) -> Result<(), dbus::Error> {
            let known = self.client.take().filter(|client| !client.carrier.is_finished());
            let client = known.map_or_else(|| (self.bus)().and_then(Client::on), Ok)?;
            let mut filter = PropMap::new();
            filter.insert("Transport".to_owned(), Variant(Box::new("le".to_owned())));
            // Each packet counts: it is what tells that a device is still there.
            filter.insert("DuplicateData".to_owned(), Variant(Box::new(true)));
            if !services.is_empty() {
                let services: Vec<String> = services.iter().map(Uuid::to_string).collect();
                filter.insert("UUIDs".to_owned(), Variant(Box::new(services)));
            }
            let bluez = self.bluez(&client, name);
            let (): () = bluez.method_call(ADAPTER, "SetDiscoveryFilter", (filter,)).await?;
            let (): () = bluez.method_call(ADAPTER, "StartDiscovery", ()).await?;
            *self.client.borrow_mut() = Some(client);
            Ok(())
        }

        /// Ends it. What BlueZ does not end when asked, it ends because its client has left.
        pub async fn stop(&self, _: &Adapter, name: &str) {
            self.end(name).await;
        }

        async fn end(&self, name: &str) {
            let Some(client) = self.client.take() else { return };
            let stopped: Result<(), _> =
                self.bluez(&client, name).method_call(ADAPTER, "StopDiscovery", ()).await;
            match stopped {
                Ok(()) => *self.client.borrow_mut() = Some(client),
                Err(error) => tracing::debug!(%error, "a scan did not stop; its client leaves"),
            }
        }

        fn bluez(&self, client: &Client, adapter: &str) -> Proxy<'static, Arc<SyncConnection>> {
            let path = format!("/org/bluez/{adapter}");
            Proxy::new("org.bluez", path, ANSWER_LIMIT, client.connection.clone())
        }
    }

    fn said(error: dbus::Error) -> Failed {
        match error.name() {
            Some("org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Timeout") => {
                Failed::TimedOut
            }
            _ => Failed::Said(error.to_string()),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use dbus::{Message, MessageType};
        use std::io::{BufRead, BufReader};
        use std::process::{Child, Command, Stdio};
        use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

        /// A bus of the test's own; it ends with it.
        struct Bus {
            daemon: Child,
            address: String,
        }

        impl Bus {
            fn new() -> Bus {
                let mut daemon = Command::new("dbus-daemon")
                    .args(["--session", "--nofork", "--print-address=1"])
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("dbus-daemon; `cargo xtask setup` installs it");
                let mut address = String::new();
                let said = daemon.stdout.take().expect("it is piped");
                BufReader::new(said).read_line(&mut address).expect("its address");
                Bus { daemon, address: address.trim().to_owned() }
            }

            fn join(address: &str) -> Result<Channel, dbus::Error> {
                let mut channel = Channel::open_private(address)?;
                channel.register()?;
                Ok(channel)
            }

            fn scan(&self) -> Scan {
                let address = self.address.clone();
                Scan { bus: Box::new(move || Bus::join(&address)), client: RefCell::default() }
            }

            /// A BlueZ that never answers the first call of `deaf_to`. Tells who called what, and who left the bus.
            fn bluez(&self, deaf_to: &'static str) -> UnboundedReceiver<(String, String)> {
                let channel = Bus::join(&self.address).expect("the bus");
                let (tell, told) = unbounded_channel();
                let to_bus = |member: &str| {
                    Message::new_method_call(
                        "org.freedesktop.DBus",
                        "/org/freedesktop/DBus",
                        "org.freedesktop.DBus",
                        member,
                    )
                    .expect("a call")
                };
                let named = to_bus("RequestName").append2("org.bluez", 0_u32);
                channel.send_with_reply_and_block(named, Duration::from_secs(60)).expect("the name");
                let watched = to_bus("AddMatch").append1("member='NameOwnerChanged'");
                channel.send_with_reply_and_block(watched, Duration::from_secs(60)).expect("a match");
                std::thread::spawn(move || {
                    let mut deaf = true;
                    while channel.read_write(None).is_ok() {
                        while let Some(message) = channel.pop_message() {
                            let member = message.member().map(|name| name.to_string()).unwrap_or_default();
                            let sender = message.sender().map(|name| name.to_string()).unwrap_or_default();
                            if message.msg_type() == MessageType::MethodCall {
                                if deaf && member == deaf_to {
                                    deaf = false;
                                } else {
                                    let _ = channel.send(message.method_return());
                                }
                                let _ = tell.send((member, sender));
                            } else if let Ok((name, _, owner)) = message.read3::<String, String, String>()
                                && owner.is_empty()
                            {
                                let _ = tell.send(("left".to_owned(), name));
                            }
                        }
                    }
                });
                told
            }
        }

        impl Drop for Bus {
            fn drop(&mut self) {
                let _ = self.daemon.kill();
                let _ = self.daemon.wait();
            }
        }

        /// What happened up to the next news of this kind, and who it was.
        async fn next(news: &mut UnboundedReceiver<(String, String)>, kind: &str) -> String {
            let bound = Duration::from_secs(60);
            loop {
                let (what, who) = tokio::time::timeout(bound, news.recv())
                    .await
                    .ok()
                    .flatten()
                    .unwrap_or_else(|| panic!("no {kind}"));
                if what == kind {
                    return who;
                }
            }
        }

        #[tokio::test]
        async fn a_scan_whose_begin_is_never_answered_is_begun_by_a_new_client_after_the_old_one_left() {
            let bus = Bus::new();
            let mut news = bus.bluez("StartDiscovery");
            let scan = bus.scan();
            let lost = scan.begin("hci0", &[]).await.expect_err("no answer");
            assert!(matches!(said(lost), Failed::TimedOut));
            let first = next(&mut news, "StartDiscovery").await;
            assert_eq!(next(&mut news, "left").await, first, "only so does BlueZ forget what it never ended");
            scan.begin("hci0", &[]).await.expect("the next one");
            assert_ne!(next(&mut news, "StartDiscovery").await, first);
        }

        #[tokio::test]
        async fn a_scan_whose_end_is_never_answered_ends_with_its_client() {
            let bus = Bus::new();
            let mut news = bus.bluez("StopDiscovery");
            let scan = bus.scan();
            scan.begin("hci0", &[]).await.expect("a scan");
            scan.end("hci0").await;
            let client = next(&mut news, "StopDiscovery").await;
            assert_eq!(next(&mut news, "left").await, client);
            scan.begin("hci0", &[]).await.expect("and the next begins");
            scan.end("hci0").await;
            let other = next(&mut news, "StopDiscovery").await;
            assert_ne!(other, client);
            scan.begin("hci0", &[]).await.expect("one that ended in order stays on the bus");
            assert_eq!(next(&mut news, "StartDiscovery").await, other);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod library {
    use super::super::radio::{Failed, SYSTEM_LIMIT, bounded};
    use btleplug::api::{Central as _, ScanFilter};
    use btleplug::platform::Adapter;
    use uuid::Uuid;

    /// The scan of one adapter.
    #[derive(Default)]
    pub struct Scan;

    impl Scan {
        /// Begins it, for devices with any of these services; for all, if there is none.
        ///
        /// # Errors
        /// What the system says, or `TimedOut`.
        pub async fn start(&self, adapter: &Adapter, _: &str, services: &[Uuid]) -> Result<(), Failed> {
            bounded(SYSTEM_LIMIT, adapter.start_scan(ScanFilter { services: services.to_vec() })).await
        }

        /// Ends it.
        pub async fn stop(&self, adapter: &Adapter, _: &str) {
            if let Err(failed) = bounded(SYSTEM_LIMIT, adapter.stop_scan()).await {
                tracing::debug!(?failed, "the scan was not stopped");
            }
        }
    }
}
