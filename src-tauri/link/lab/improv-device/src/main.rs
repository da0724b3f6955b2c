//! A device that nobody here wrote: the crate `improv-wifi` as a BLE peripheral through BlueZ: improv-device ADAPTER SSID PASSWORD.
//!
//! What a real device would do with its Wi-Fi is answered here: one network is there, and it takes one password. Not here:
//! anything of the protocol, which is the library's. It knows no token carrier.

use improv_wifi::{
    Capabilities, Connection, DeviceInfo, Error, ImprovWifi, ImprovWifiConfig, Network, OwnedObjectPath,
    WifiConfigurator, power_on_adapter,
};
use std::time::Duration;

struct Place {
    ssid: String,
    password: String,
}

impl WifiConfigurator for Place {
    fn capabilities(&self) -> Capabilities {
        Capabilities { identify: true, device_info: true, scan: true, hostname: false }
    }

    async fn device_info(&self) -> Result<DeviceInfo, Error> {
        Ok(DeviceInfo {
            firmware: "improv-wifi".to_owned(),
            version: "0.1.3".to_owned(),
            hardware: "Linux".to_owned(),
            device_name: "Lab Box".to_owned(),
            os_name: Some("Debian".to_owned()),
            os_version: None,
        })
    }

    async fn scan(&self) -> Result<Vec<Network>, Error> {
        let network = |ssid: &str, rssi, auth: &str| Network { ssid: ssid.to_owned(), rssi, auth: auth.to_owned() };
        Ok(vec![network(&self.ssid, -58, "WPA2"), network("Guests", -64, "NO")])
    }

    async fn get_hostname(&self) -> Result<String, Error> {
        Ok("lab-box".to_owned())
    }

    async fn set_hostname(&self, _name: String) -> Result<(), Error> {
        Err(Error::Unknown)
    }

    async fn provision(&self, ssid: String, password: String) -> Result<Vec<String>, Error> {
        tokio::time::sleep(Duration::from_millis(700)).await;
        if ssid == self.ssid && password == self.password {
            Ok(vec!["http://10.0.0.57/".to_owned()])
        } else {
            Err(Error::UnableToConnect)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("improv-device ADAPTER SSID PASSWORD");
    let adapter = OwnedObjectPath::try_from(format!("/org/bluez/{}", next())).expect("the name of an adapter");
    let place = Place { ssid: next(), password: next() };
    let bus = Connection::system().await.expect("the system's bus");
    power_on_adapter(&bus, &adapter).await.expect("an adapter");
    let device = ImprovWifi::install(bus, adapter, place, ImprovWifiConfig::default()).await.expect("BlueZ");
    println!("READY");
    device.run().await.expect("a device that works until it is provisioned");
    println!("PROVISIONED");
}
