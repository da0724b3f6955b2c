//! What went wrong, why that usually is, and a fix that can be done.

use super::{About, Words};
use engine::{Fault, FaultCode, Step};

/// The words of a fault. Values come from `fault.about`; a sentence reads well without them too.
pub fn fault(fault: &Fault) -> Words {
    let about = About(&fault.about);
    let network = about.named("the network", "ssid", "the network");
    let port = about.named("the port", "port", "the port");
    let host = about.named("the server", "host", "the server");
    let words = |what: String, why: &str, fix: &str| Words::new(what, why, fix);
    match fault.code {
        FaultCode::WifiPasswordRefused => words(
            format!("The device was turned away by {network}: the password was refused."),
            "Nearly always the password has a typing error, or belongs to another network.",
            "Correct the Wi-Fi password (capital letters, spaces at the ends) and provision the device again.",
        ),
        FaultCode::WifiNotFound => words(
            format!("The device does not hear {network}."),
            "The name has a typing error, the access point is too far away, or it sends on 5 GHz only and the device hears 2.4 GHz only.",
            "Compare the name letter by letter with the list the device hears, switch on 2.4 GHz, or move closer; then provision again.",
        ),
        FaultCode::WifiNoAddress => words(
            format!("The device joined {network} but was given no address."),
            "The router's DHCP is off, full, or does not know this device.",
            "Restart the router or widen its address range, then provision again.",
        ),
        FaultCode::WifiTimeout => words(
            format!("The device could not join {network} in its time, and does not say why."),
            "A wrong password, a weak signal or a network of another kind can all end like this.",
            "Check the password first, then move closer to the access point; a phone's hotspot is a quick cross-check.",
        ),
        FaultCode::WifiNoCable => words(
            "The device has no network cable.".to_owned(),
            "Its Ethernet port reports no link.",
            "Plug the cable in at both ends, wait for the link light, and provision again.",
        ),
        FaultCode::WifiUnsupported => words(
            format!("The device cannot join {network}."),
            "The network wants a user name (enterprise), or a kind of security that the device does not know.",
            "Choose a network with a shared password (WPA2 or WPA3 personal) and provision again.",
        ),
        FaultCode::WifiFailed => words(
            format!("The device could not join {network}, for a reason that it does not name."),
            "The device reports a general failure of its network part.",
            "Switch the device off and on, check network and password, and provision again.",
        ),
        FaultCode::SimMissing => words(
            "The device finds no SIM card.".to_owned(),
            "The card is missing, upside down, or not seated.",
            "Insert the SIM card with the device switched off, then provision again.",
        ),
        FaultCode::SimLocked => words(
            "The SIM card is locked.".to_owned(),
            "It asks for its PIN or, after wrong tries, for its PUK.",
            "Unlock the card in a phone and switch its PIN off, then provision again.",
        ),
        FaultCode::SimWrongPin => words(
            "The SIM card refused its PIN.".to_owned(),
            "The device holds another PIN than the card; three wrong tries lock it.",
            "Correct the PIN before the next try, or switch it off in a phone.",
        ),
        FaultCode::LinkLost => words(
            "The device went away in mid-conversation.".to_owned(),
            "A cable came loose, it lost power, or it moved out of range.",
            "Check cable and power, keep the device near, and provision again.",
        ),
        FaultCode::LinkSystem => words(
            "This computer's own Bluetooth or serial service failed; the device is not to blame.".to_owned(),
            "The system did not do what it was asked; the detail says what.",
            "Unplug the adapter or the cable and plug it in again, then provision again. If it stays so, restart the Bluetooth \
             service or the computer; `firstlight doctor` looks for the cause.",
        ),
        FaultCode::SerialNoPort => words(
            format!("There is no longer {port}."),
            "The device was unplugged, or came back under another name.",
            "Plug it in and take the port's name from `firstlight scan --medium serial`.",
        ),
        FaultCode::SerialBusy => words(
            format!("Another program uses {port}."),
            "A serial monitor, an IDE or ModemManager holds it.",
            "Close the other program (`fuser -v PORT` names it on Linux) and provision again.",
        ),
        FaultCode::SerialDenied => words(
            format!("The system does not let you open {port}."),
            "Your account is not in the group that owns serial ports.",
            "On Linux: `sudo usermod -aG dialout $USER` (group `uucp` on Arch), then sign out and in; `firstlight doctor` checks it.",
        ),
        FaultCode::SerialUnusable => words(
            format!("The system cannot use {port} as a serial port."),
            "It is no serial port, or its adapter or its driver has failed.",
            "Unplug the adapter and plug it in again, try another socket or cable; `firstlight doctor` looks closer.",
        ),
        FaultCode::BleNoAdapter => words(
            format!(
                "This computer has no Bluetooth adapter{}.",
                about.get("adapter").map(|name| format!(" named “{name}”")).unwrap_or_default()
            ),
            "None is plugged in, or the system did not recognise it.",
            "Plug in a Bluetooth adapter, or name another with --adapter; `firstlight doctor` lists them.",
        ),
        FaultCode::BleAdapterOff => words(
            "Bluetooth is switched off.".to_owned(),
            "The adapter is powered down or blocked.",
            "Switch Bluetooth on in the system's settings (on Linux also: `rfkill unblock bluetooth`) and try again.",
        ),
        FaultCode::BleUnavailable => words(
            "The system's Bluetooth service cannot be used.".to_owned(),
            "It is not running, or does not let this program in.",
            "On Linux: `sudo systemctl start bluetooth`; on macOS: allow Bluetooth for the terminal in Privacy settings.",
        ),
        FaultCode::BleNotInSight => words(
            format!("{} is not in sight.", about.named("The device", "device", "The device")),
            "It is not in configuration mode (that ends after about 10 minutes), is off, or is too far away.",
            "Hold its button for 10 s or switch it off and on, come closer, and look for it with `firstlight scan --medium ble`.",
        ),
        FaultCode::BleConnectFailed => words(
            "The device advertises but does not let us connect.".to_owned(),
            "A phone or another computer holds its link, the signal is weak, or the system remembers an old state of it.",
            "Close the phone app, come closer, switch Bluetooth off and on, and try again.",
        ),
        FaultCode::BleNeedsPairing => words(
            "The device wants to be paired first.".to_owned(),
            "Its firmware asks for an encrypted link.",
            "Pair it in the system's Bluetooth settings, then provision it again.",
        ),
        FaultCode::DeviceSilent => words(
            "The device does not answer.".to_owned(),
            "It is busy, hung, runs other firmware, or listens at another speed.",
            "Press its reset button or switch it off and on, bring it into configuration mode, and provision again.",
        ),
        FaultCode::DeviceNotFound => words(
            "No device was found that can be provisioned.".to_owned(),
            "None is in configuration mode or plugged in, or none speaks a protocol that is known here.",
            "Bring the device into configuration mode (hold its button for 10 s) and look with `firstlight scan`.",
        ),
        FaultCode::DeviceUnknownProtocol => words(
            "The device answers none of the known protocols.".to_owned(),
            "Its firmware has no provisioning, has it switched off, or it is another port of the same board.",
            "Bring it into configuration mode, try its other port, or install firmware with Blynk.Edgent, Improv or Espressif provisioning.",
        ),
        FaultCode::DeviceRefused => words(
            format!("The device refused {}.", about.or("what", "a command")),
            "Its firmware is older or stricter than its protocol, or it is in a state where it takes nothing.",
            "Switch it off and on, bring it into configuration mode, and provision again; if it repeats, update the firmware.",
        ),
        FaultCode::DeviceNotAuthorized => words(
            "Nobody allowed it on the device in time.".to_owned(),
            "This device wants a person to press its button first.",
            "Start again and press the device's button when asked.",
        ),
        FaultCode::DeviceWrongProof => words(
            "The device refused the proof of possession.".to_owned(),
            "The code is of another device, or has a typing error.",
            "Read the code from this device's label, set FIRSTLIGHT_DEVICE_SECRET, and provision again.",
        ),
        FaultCode::DeviceMalformed => words(
            "The device sent what cannot be read.".to_owned(),
            "Its messages were cut or mixed with other output.",
            "Provision again; if it repeats, use another cable or adapter, or update the firmware.",
        ),
        FaultCode::DeviceConfiguration => words(
            "The device could not accept or store its configuration.".to_owned(),
            "A value does not suit its firmware, or its memory refused to keep it.",
            "Provision again; if it repeats, erase the device's flash and install its firmware anew.",
        ),
        FaultCode::DeviceUnsupported => words(
            format!("This device cannot {}.", about.or("what", "do what is asked of it")),
            "Its protocol or its firmware does not offer it.",
            "Provision it without that option, or update its firmware.",
        ),
        FaultCode::DeviceHostFixed => words(
            format!("This device has its server built in and cannot be told {host}."),
            "Legacy Blynk.Edgent firmware on a serial console takes no server name.",
            "Provision it on the server its firmware was built for, or install newer firmware. No token was taken.",
        ),
        FaultCode::DeviceNetworkMissing => words(
            "This device needs a Wi-Fi network, and none was given.".to_owned(),
            "It is not online and hears no network that it knows, or it takes its token only together with a network.",
            "Give the network with --wifi and its password in FIRSTLIGHT_WIFI_PASSWORD, and provision again.",
        ),
        FaultCode::DeviceNoIdentity => words(
            match about.get("device") {
                Some(device) => format!(
                    "The device cannot be told apart from the one that got cloud device {device}, so it was provisioned as a new one."
                ),
                None => "The device cannot be told apart from others of its kind.".to_owned(),
            },
            "It names no hardware address and no serial number, and another one may have been on this port before.",
            "If it is the same device, delete its new record in the console and provision it again with --device-id.",
        ),
        FaultCode::DeviceLimits => words(
            format!(
                "What it would be given does not fit this device: {}.",
                about.or("why", "a value is too long")
            ),
            "Its firmware would cut or drop the value silently.",
            "Use a shorter network name, password or server name. No token was taken.",
        ),
        FaultCode::DeviceFirmwareOld => words(
            format!(
                "The device has firmware {}; this station takes {} or newer.",
                about.or("found", "?"),
                about.or("least", "a newer one")
            ),
            "It was not updated, or comes from an older lot.",
            "Update the device's firmware, then provision it again.",
        ),
        FaultCode::DeviceAlreadyDone => words(
            format!("This unit has passed before{}.", super::station::earlier(&about)),
            "It was put back into the wrong box.",
            "Put it with the finished units. To do it again on purpose, let the lead switch off “each unit once”.",
        ),
        FaultCode::DeviceNotInOrder => words(
            format!("{} does not name this unit.", about.named("The work order", "order", "The work order")),
            "It belongs to another order, or the list is an older one.",
            "Put it aside, or let the lead load the right list.",
        ),
        FaultCode::DeviceOtherLabel => words(
            format!(
                "The label {} is not this device's{}.",
                about.or("label", "that was scanned"),
                about.get("unit").map(|unit| format!(": it is {unit}")).unwrap_or_default()
            ),
            "Two units were swapped between scanning and plugging in, or the label is on the wrong one.",
            "Scan the label of the unit that is plugged in; if it is the same again, put the unit aside.",
        ),
        FaultCode::DeviceBusy => words(
            "Another job is at work on this unit.".to_owned(),
            "It was started twice, or shows itself at two addresses.",
            "Wait until the other job has ended, then provision it again.",
        ),
        FaultCode::TemplateUnknown => words(
            format!(
                "The cloud knows no template {}.",
                about.named("", "template", "like the device's").trim_start()
            ),
            "The firmware's template id is not in this organization, or the firmware does not tell it.",
            "Create or share the template in the console, or install the right firmware.",
        ),
        FaultCode::TemplateMismatch => words(
            format!(
                "The device is of template “{}”, not “{}”.",
                about.or("found", "another"),
                about.or("expected", "the expected one")
            ),
            "It is another product, or carries another product's firmware.",
            match fault.step {
                Step::Connect | Step::Identify => {
                    "Take the right device, install its firmware, or correct --expect-template. No token was taken."
                }
                Step::Survey | Step::Reserve => {
                    "Take the right device or install its firmware; for a product that has changed, delete its record in the console first. No token was taken."
                }
                Step::Deliver | Step::Join | Step::Confirm | Step::Describe => {
                    "Look at the device in the console: it checked in as another product than it said before."
                }
            },
        ),
        FaultCode::CloudTokenRefused => words(
            "The cloud refused the device's token, also a fresh one.".to_owned(),
            "The device talks to another server than the one that made the token, or was deleted there.",
            "Give the device the right server with --token-host, and check the device in the console.",
        ),
        FaultCode::CloudUnreachableFromDevice => words(
            "The device is on the network but does not reach the cloud.".to_owned(),
            "A captive portal, a firewall, a proxy or the network's DNS stops it; the device cannot tell which.",
            "Let TCP ports 443 and 8883 out for the device; a phone's hotspot is a quick cross-check.",
        ),
        FaultCode::CloudCertificateFromDevice => words(
            "The device does not trust the server's certificate.".to_owned(),
            "A firewall opens encrypted traffic, or the firmware's certificates are too old.",
            "Exempt the device from inspection, or update its firmware.",
        ),
        FaultCode::CloudCaptivePortal => words(
            format!("On {network} a sign-in page stands before the internet."),
            "The device cannot fill in such a page.",
            "Use a network without a sign-in page, or let the device pass by its hardware address.",
        ),
        FaultCode::CloudDnsFromDevice => words(
            "The device cannot look up the server's name.".to_owned(),
            "The network's DNS is missing or blocked, or the server name is wrong.",
            "Check the server name and the network's DNS, then provision again.",
        ),
        FaultCode::CloudSignIn => words(
            format!("The cloud refused the sign-in at {host}."),
            "Client id and secret (or the bearer token) are wrong, expired, or of another region.",
            "Check the secrets, make a new client secret in the console if needed, and use the region of your account.",
        ),
        FaultCode::CloudForbidden => words(
            match about.get("permission") {
                Some(permission) => format!("Your account lacks the permission {permission}."),
                None => "Your account may not do this.".to_owned(),
            },
            "The role in the console does not include it, or the organization is not yours to manage.",
            "Ask your administrator for the permission, or use another organization.",
        ),
        FaultCode::CloudScopeOff => words(
            "The sign-in works, but the Platform API is off for this client.".to_owned(),
            "The client was made without API access, or the plan does not include it.",
            "Ask your Blynk administrator to enable the Platform API for this client.",
        ),
        FaultCode::CloudDeviceLimit => words(
            "The plan's limit of devices is reached.".to_owned(),
            "Every reserved device counts, also those that never connected.",
            "Look at `firstlight ghosts`, delete devices that are not needed, or extend the plan.",
        ),
        FaultCode::CloudRateLimit => words(
            "The cloud asks us to slow down.".to_owned(),
            "The account's limit of requests a minute was passed, perhaps by another program.",
            &match about.get("seconds") {
                Some(seconds) => format!("Wait {seconds} s and provision again."),
                None => "Wait a minute and provision again.".to_owned(),
            },
        ),
        FaultCode::CloudAnswerLost => words(
            "The cloud's answer to the request for a token was lost.".to_owned(),
            "The connection broke or timed out after the request had been sent; a device may or may not have been made.",
            "Run `firstlight reconcile`, or provision the same unit again: what was made is found and used, never made twice.",
        ),
        FaultCode::CloudUnavailable => words(
            match about.get("status") {
                Some(status) => format!("The cloud has a fault of its own ({status})."),
                None => "The cloud did not answer in time.".to_owned(),
            },
            "It is overloaded, under repair, or the connection to it is very slow.",
            "Wait a few minutes and try again; status.blynk.cc shows known outages.",
        ),
        FaultCode::CloudUnreachable => words(
            format!("This computer does not reach {host}."),
            "No internet, a firewall, a wrong server name, or the server is down.",
            "Check the address and the connection; `firstlight doctor --server URL` looks closer.",
        ),
        FaultCode::CloudTls => words(
            format!("No secure connection to {host} can be made."),
            "Its certificate is not trusted here; often a firewall opens encrypted traffic.",
            "Use a network without inspection, or install your company's root certificate in the system.",
        ),
        FaultCode::CloudWrongClock => words(
            "This computer's clock seems wrong.".to_owned(),
            format!("The certificate of {host} is not valid at the time that it shows.").as_str(),
            "Set date and time (best: automatically) and try again.",
        ),
        FaultCode::CloudProxy => words(
            "The proxy between this computer and the cloud refused or failed.".to_owned(),
            "It wants a sign-in, does not allow the server, or its address is wrong.",
            "Check HTTPS_PROXY and NO_PROXY, or ask whoever runs the proxy to allow the server.",
        ),
        FaultCode::CloudForeignRedirect => words(
            format!(
                "The server sends us to a foreign host{}.",
                about.get("host").map(|host| format!(", {host}")).unwrap_or_default()
            ),
            "Secrets are never sent to another registered domain.",
            "Check the server's address; if the new one is right, give it with --server.",
        ),
        FaultCode::CloudInvalid => words(
            match about.get("said") {
                Some(said) => {
                    format!("The cloud does not accept the request: {}.", said.trim_end_matches('.'))
                }
                None => "The cloud does not accept the request.".to_owned(),
            },
            "An id does not exist there, or a value is not what it expects.",
            "Check organization, owner and device id in the console.",
        ),
        FaultCode::CloudNotFound if about.get("field").is_some() => words(
            format!("The cloud device has no metadata field “{}”.", about.or("field", "")),
            "Its template does not define a field of that name; capitals and spaces count.",
            "Check the name after --meta, or add the field to the template in the console, and set its value there.",
        ),
        FaultCode::CloudNotFound => words(
            format!("The cloud does not know {}.", about.named("the device", "device", "what was asked for")),
            "It was deleted, or belongs to an organization that this account cannot see.",
            "Check the id and the account; a deleted device is provisioned as a new one.",
        ),
        FaultCode::CloudNotUnderstood => words(
            "The cloud's answer cannot be understood.".to_owned(),
            "Something between answered in its place, or the server speaks another version of its interface.",
            "Check the server's address and try without a proxy; if it stays, update Firstlight.",
        ),
        FaultCode::CloudNotSeen => words(
            match about.get("trouble") {
                Some(code) => format!(
                    "The device has its token, but the cloud did not say whether it has seen it ({code})."
                ),
                None => "The device has its token, but the cloud has not seen it yet.".to_owned(),
            },
            "It may still be joining, be restarting, or be stopped by the network; nobody knows yet.",
            "Wait a moment and run `firstlight reconcile`; do not provision it as a new device.",
        ),
        FaultCode::CloudOrphansAmbiguous => words(
            format!(
                "Several cloud devices could be the one whose answer was lost{}.",
                about.get("devices").map(|ids| format!(": {ids}")).unwrap_or_default()
            ),
            "More than one was made in that time and has never connected.",
            "Compare them in the console, and provision the unit again with --device-id and the right one.",
        ),
        FaultCode::CloudAnotherDevice => words(
            match (about.get("device"), about.get("unit")) {
                (Some(device), Some(unit)) => {
                    format!("Cloud device {device} belongs to another unit, {unit}.")
                }
                _ => "This unit and that cloud device do not belong together.".to_owned(),
            },
            "One unit is one cloud device: two units must never share a token.",
            "Provision the unit without --device-id, or with its own as `firstlight units` shows it; or sweep the old device first.",
        ),
        FaultCode::TokenNoCarrier => words(
            "The device took its Wi-Fi, but it takes no token.".to_owned(),
            "Improv has no field for a token, and no carrier was chosen, so the cloud cannot know the device.",
            "If its firmware can take a token, name the way with --carrier; otherwise it is on the network and that is all.",
        ),
        FaultCode::Cancelled => words(
            "The job was cancelled.".to_owned(),
            "Someone stopped it.",
            "Provision the device again when you are ready; if it had its token already, `firstlight reconcile` looks for it.",
        ),
        FaultCode::StateJournal => words(
            "The journal could not be written.".to_owned(),
            "The disk is full, or the folder went away.",
            "Free some space or make the folder writable, then run `firstlight reconcile`.",
        ),
        FaultCode::Interrupted => words(
            "Firstlight ended in the middle of this job.".to_owned(),
            "The program was closed or the computer lost power before anything reached the device.",
            "Provision the device again; nothing was left behind.",
        ),
        FaultCode::UsBug => words(
            "Firstlight made a mistake of its own.".to_owned(),
            "This should not be possible; the report below says where it happened.",
            "Provision again; if it repeats, report it with the output of `firstlight export --format jsonl` (it holds no secret).",
        ),
    }
}

/// What the device's own code 700–732 means, in its protocol's terms.
pub fn device_code(code: u16) -> &'static str {
    match code {
        0 => "no error",
        700 => "configuration not acceptable or not storable",
        701 => "network not joined in time",
        702 => "cloud not reached in time",
        703 => "the server refused the token",
        704 => "network: another reason",
        705 => "cloud: another reason",
        710 => "server name not found (DNS)",
        711 => "server certificate not trusted",
        712 => "captive portal",
        720 => "network not found",
        721 => "no network cable",
        722 => "network password refused",
        723 => "no address from the network (DHCP)",
        730 => "SIM missing",
        731 => "SIM locked",
        732 => "SIM PIN wrong",
        _ => "a code that the reference does not name",
    }
}
