/** English: every fault and every refusal in a person's words. The codes come from Rust; a missing one fails the type check. */
import type { FaultCode, RefusalCode } from '$lib/backend/backend';
import type { FaultWords } from './index';

const words = (what: string, why: string, fix: string): FaultWords => ({ what, why, fix });

export const faultsEn: Record<FaultCode, FaultWords> = {
	'wifi.password_refused': words(
		'The network {ssid} refused the password.',
		'The password has a typing error, or it belongs to another network.',
		'Correct the password and retry.'
	),
	'wifi.not_found': words(
		'The device does not hear the network {ssid}.',
		'The name has a typing error, the access point is too far away, or it sends on 5 GHz only.',
		'Choose a network from the device’s own list, switch on 2.4 GHz, or move closer; then retry.'
	),
	'wifi.no_address': words(
		'The device joined {ssid} but was given no address.',
		'The router’s DHCP is off or full.',
		'Restart the router or widen its address range, then retry.'
	),
	'wifi.timeout': words(
		'The device could not join {ssid} in its time.',
		'A wrong password, a weak signal or an unsuitable network can all end like this.',
		'Check the password first, then move closer. A phone’s hotspot is a quick cross-check.'
	),
	'wifi.no_cable': words(
		'The device has no network cable.',
		'Its Ethernet socket reports no link.',
		'Plug the cable in at both ends, wait for the link light, then retry.'
	),
	'wifi.unsupported': words(
		'The device cannot join the network {ssid}.',
		'It wants a user name (enterprise), or security that the device does not know.',
		'Choose a network with a shared password (WPA2 or WPA3 personal).'
	),
	'wifi.failed': words(
		'The device could not join {ssid} and does not say why.',
		'Its network part reports a general failure.',
		'Switch the device off and on, check network and password, then retry.'
	),
	'sim.missing': words(
		'The device finds no SIM card.',
		'The card is missing or not seated.',
		'Insert the card with the device switched off, then retry.'
	),
	'sim.locked': words(
		'The SIM card is locked.',
		'It asks for its PIN, or for its PUK after wrong tries.',
		'Unlock the card in a phone and switch its PIN off, then retry.'
	),
	'sim.wrong_pin': words(
		'The SIM card refused its PIN.',
		'The device holds another PIN than the card. Three wrong tries lock it.',
		'Correct the PIN before the next try, or switch it off in a phone.'
	),
	'link.lost': words(
		'The device went away in mid-conversation.',
		'A cable came loose, it lost power, or it moved out of range.',
		'Check cable and power, keep the device near, then retry.'
	),
	'link.system_failed': words(
		'This computer’s own Bluetooth or serial service failed. The device is not to blame.',
		'The system did not do what it was asked. The detail says what.',
		'Unplug the adapter or the cable and plug it in again, then retry. If it stays so, look at Help & health, or restart the computer.'
	),
	'serial.no_such_port': words(
		'The port {port} is gone.',
		'The device was unplugged or came back under another name.',
		'Plug it in again and choose it from the list.'
	),
	'serial.port_busy': words(
		'Another program uses {port}.',
		'A serial monitor, an IDE or ModemManager holds it.',
		'Close the other program, then retry.'
	),
	'serial.port_denied': words(
		'The system does not let you open {port}.',
		'Your account is not in the group that owns serial ports.',
		'Add your account to the group “dialout” (“uucp” on Arch), sign out and in again, then retry.'
	),
	'serial.unusable': words(
		'{port} cannot be used as a serial port.',
		'It is no serial port, or its adapter or driver failed.',
		'Unplug the adapter, plug it in again, or try another socket or cable.'
	),
	'ble.no_adapter': words(
		'This computer has no Bluetooth adapter.',
		'None is plugged in, or the system did not recognise it.',
		'Plug in a Bluetooth adapter, or connect the device by cable.'
	),
	'ble.adapter_off': words(
		'Bluetooth is switched off.',
		'The adapter is powered down or blocked.',
		'Switch Bluetooth on in the system’s settings.'
	),
	'ble.unavailable': words(
		'The system’s Bluetooth service does not answer.',
		'It is not running, or this program may not use it.',
		'Start the system’s Bluetooth service and allow this program to use it.'
	),
	'ble.not_in_sight': words(
		'The device is not in sight any more.',
		'It left configuration mode (often after 10 minutes), lost power, or is out of range.',
		'Put it into configuration mode again (hold its button about 10 s) and keep it near.'
	),
	'ble.connect_failed': words(
		'The device did not let us connect.',
		'A phone app holds it, the signal is weak, or Bluetooth needs a fresh start.',
		'Close the phone app, move closer; if it goes on, switch Bluetooth off and on.'
	),
	'ble.needs_pairing': words(
		'The device wants to be paired first.',
		'Its firmware demands an encrypted link.',
		'Pair it in the system’s Bluetooth settings, then retry.'
	),
	'device.silent': words(
		'The device does not answer.',
		'It is still starting, busy, or its firmware hangs.',
		'Wait a few seconds, switch it off and on, then retry.'
	),
	'device.not_found': words(
		'No device to provision is in sight.',
		'None is plugged in, and none advertises.',
		'Plug a device in, or put one into configuration mode.'
	),
	'device.unknown_protocol': words(
		'The device speaks none of the protocols that Firstlight knows.',
		'Its firmware has no console or another one, or the port belongs to something else.',
		'Check that this is the right port and that the firmware has a provisioning console.'
	),
	'device.refused': words(
		'The device refused the request.',
		'Its firmware does not allow it in its present state.',
		'Put it into configuration mode and retry.'
	),
	'device.not_authorized': words(
		'Nobody allowed it on the device in time.',
		'The device wants its button pressed first.',
		'Retry, and press the device’s button when asked.'
	),
	'device.wrong_proof': words(
		'The device refused its proof of possession.',
		'The code belongs to another device, or has a typing error.',
		'Enter the code on the device’s own label and retry.'
	),
	'device.malformed': words(
		'The device sent what cannot be read.',
		'The link is noisy, or its firmware is of an unknown version.',
		'Retry; if it repeats, update the device’s firmware.'
	),
	'device.configuration_refused': words(
		'The device could not accept or store the configuration.',
		'Its storage is full or faulty, or a value does not suit its firmware.',
		'Reset the device’s configuration with its button, then retry.'
	),
	'device.unsupported': words(
		'This device cannot do that.',
		'Its firmware or its connection lacks the function.',
		'Use another connection (Bluetooth instead of cable, or the reverse), or newer firmware.'
	),
	'device.host_fixed': words(
		'This device has its server built in.',
		'Its firmware takes no other server name.',
		'Use the cloud that the firmware was built for, or install newer firmware.'
	),
	'device.network_missing': words(
		'The device needs a Wi-Fi network, and none was given.',
		'It is not online, or takes its token only together with a network.',
		'Choose a network and enter its password, then try again.'
	),
	'device.no_identity': words(
		'The device cannot be told apart from the one that got cloud device {device}, so it was provisioned as a new one.',
		'It names no hardware address and no serial number, and another one may have been on this port before.',
		'If it is the same device, delete its new record in the console and provision it again with device id {device}.'
	),
	'device.limits': words(
		'The device would not take these values.',
		'Its firmware has shorter fields than others.',
		'Shorten the network name, the password or the server name, then retry.'
	),
	'device.firmware_old': words(
		'The device’s firmware {found} is older than {least}.',
		'It was not updated, or comes from an older lot.',
		'Update the device’s firmware, then try it again.'
	),
	'device.already_done': words(
		'This unit has passed before{earlier}.',
		'It was put back into the wrong box.',
		'Put it with the finished units. To do it again on purpose, let the lead switch off “each unit once”.'
	),
	'device.not_in_order': words(
		'The work order {order} does not name this unit.',
		'It belongs to another order, or the list is an older one.',
		'Put the unit aside, or let the lead load the right list.'
	),
	'device.other_label': words(
		'The label {label} is not this device’s: it is {unit}.',
		'Two units were swapped, or the label is on the wrong one.',
		'Scan the label of the unit that is plugged in. If it is the same again, put the unit aside.'
	),
	'device.busy': words(
		'Another job has this device.',
		'A unit takes one job at a time.',
		'Wait until the other job has ended.'
	),
	'template.unknown': words(
		'The device’s template {template} does not exist in this organization.',
		'The device belongs to another product or organization, or the template was removed.',
		'Choose the right organization, or create the template there.'
	),
	'template.mismatch': words(
		'The device has the template {template}, but {expected} was expected.',
		'This is another product than the one to be provisioned.',
		'Take the right device, or change the expected template.'
	),
	'cloud.token_refused': words(
		'The cloud refused the device’s token.',
		'The device reached another server or region than the one that made the token.',
		'Check that the profile’s server is the device’s server, then retry.'
	),
	'cloud.unreachable_from_device': words(
		'The device is on the network but does not reach the cloud.',
		'A login page (captive portal), a firewall, a proxy, or DNS stands in between.',
		'Open ports 443 and 8883 for it, or cross-check with a phone’s hotspot.'
	),
	'cloud.certificate_from_device': words(
		'The device does not trust the cloud’s certificate.',
		'Its clock or its firmware is old, or the network replaces certificates.',
		'Update the firmware, or try a network without inspection.'
	),
	'cloud.captive_portal': words(
		'The network wants a login page first.',
		'It is a guest network.',
		'Use a network without a login page.'
	),
	'cloud.dns_from_device': words(
		'The device cannot find the server’s address.',
		'The network’s DNS does not know the server.',
		'Check the router’s DNS settings, then retry.'
	),
	'cloud.sign_in': words(
		'The cloud refused the sign-in.',
		'Client id, secret or token is wrong, expired or revoked.',
		'Enter the credentials again under Profiles.'
	),
	'cloud.forbidden': words(
		'This account may not do that. {permission}',
		'Its role lacks the permission.',
		'Ask the organization’s administrator for the permission.'
	),
	'cloud.scope_off': words(
		'The API is switched off for this client.',
		'Platform API access has to be enabled for each client.',
		'Ask your Blynk administrator to enable the Platform API for this client.'
	),
	'cloud.device_limit': words(
		'The plan’s number of devices is reached.',
		'Each plan has a limit.',
		'Remove devices that are not used, or extend the plan.'
	),
	'cloud.rate_limit': words(
		'The cloud asks us to slow down.',
		'The organization made too many requests in a minute.',
		'Wait a minute, then retry.'
	),
	'cloud.answer_lost': words(
		'The cloud’s answer was lost; it may have made a device.',
		'The connection broke at the wrong moment.',
		'Check again: what was made is found and used. Nothing is made twice.'
	),
	'cloud.unavailable': words(
		'The cloud is out of order, or does not answer in time.',
		'It is overloaded or under repair, or the connection to it is very slow.',
		'Wait a little, then retry.'
	),
	'cloud.unreachable': words(
		'This computer does not reach the cloud {host}.',
		'No internet, a wrong server name, or a firewall.',
		'Check the internet connection and the server’s name.'
	),
	'cloud.tls': words(
		'No secure connection to {host}.',
		'The network replaces certificates, or this is not the right server.',
		'Try another network, or check the server’s name.'
	),
	'cloud.wrong_clock': words(
		'This computer’s clock is wrong.',
		'Certificates and records need the right time.',
		'Set date and time to automatic.'
	),
	'cloud.proxy': words(
		'The proxy refused the connection.',
		'It wants a login or does not allow this server.',
		'Check the system’s proxy settings.'
	),
	'cloud.foreign_redirect': words(
		'The server sends us to a foreign one, {host}.',
		'The server’s name is wrong, or something intercepts the connection.',
		'Check the server’s name. Nothing was sent there.'
	),
	'cloud.invalid': words(
		'The cloud did not accept the request.',
		'A number or a name does not exist there.',
		'Check organization and owner under Profiles.'
	),
	'cloud.not_found': words(
		'The cloud does not know it, or this account cannot see it.',
		'It was deleted, or belongs to another organization.',
		'Check the organization, or provision the device as a new one.'
	),
	'cloud.not_understood': words(
		'The cloud’s answer could not be read.',
		'A proxy or login page answered instead, or the interface changed.',
		'Try another network; if it goes on, update Firstlight.'
	),
	'cloud.not_seen': words(
		'The cloud has not seen the device yet.',
		'It is still starting, or its network does not reach the cloud.',
		'Leave it switched on and check again; a pass can still come.'
	),
	'cloud.orphans_ambiguous': words(
		'Several devices in the cloud could belong to this unit.',
		'They were made at the same time and never connected.',
		'Decide in the cloud’s console which ones to delete, then check again.'
	),
	'cloud.another_device': words(
		'The cloud device belongs to another unit.',
		'The chosen device’s template or identity differs.',
		'Choose the right cloud device.'
	),
	'token.no_carrier': words(
		'The device has its Wi-Fi, but takes no token.',
		'Its protocol carries network settings only.',
		'Register it in the cloud by its own page, or set a token carrier in the profile.'
	),
	'operator.cancelled': words('Stopped by you.', 'Somebody pressed Stop.', 'Start again when you are ready.'),
	'computer.journal': words(
		'The record could not be written.',
		'The disk is full or read-only.',
		'Free space on the disk and start again; what was recorded is safe.'
	),
	'computer.interrupted': words(
		'The job was cut off before it had done anything.',
		'The program or the computer was stopped.',
		'Provision the device again.'
	),
	'us.bug': words(
		'Firstlight made a mistake.',
		'This should not happen.',
		'Please report it with the support text below.'
	)
};

export const refusalsEn: Record<RefusalCode, string> = {
	'refused.usage': 'That cannot be done. {why}',
	'refused.unknown_port': 'There is no port {port}. Plug the device in and choose it from the list.',
	'refused.port_denied':
		'The system does not let you open {port}. Add your account to the group “dialout” (“uucp” on Arch), then sign out and in.',
	'refused.unknown_driver': 'There is no driver {driver}. Choose “auto” in the profile.',
	'refused.insecure_server':
		'{server} would be reached without encryption. Use https; plain http is for this computer only.',
	'refused.bad_server': '{server} is not a server address. Write it like fra1.blynk.cloud.',
	'refused.bad_org': 'The organization number is not valid. Enter a whole number greater than 0.',
	'refused.bad_owner': 'The owner number is not valid. Enter a whole number greater than 0.',
	'refused.ssid_length': 'The network name has {bytes} bytes; devices take 1 to 31.',
	'refused.password_length': 'The password must be empty or have 8 to 63 characters.',
	'refused.host_length': 'The device cannot take this server name: give a plain, shorter host name.',
	'refused.host_fixed': 'The device has its server built in and cannot be told {host}.',
	'refused.network_missing': 'Devices of this driver need a Wi-Fi network. Choose one.',
	'refused.name_invalid':
		'The name may have 1 to 50 letters, digits, spaces, apostrophes, underscores and hyphens.',
	'refused.name_taken': '“{name}” is there already. Choose another name, or change the one that is there.',
	'refused.driver_setting': 'The setting {setting} cannot be used. {why}',
	'refused.device_code':
		'The QR code on the device cannot be used. {why} Type its proof of possession by itself.',
	'refused.secret_missing': 'A secret is missing: {secret}. Enter it under Profiles.',
	'refused.secret_unreadable': 'The secrets cannot be used. {why}',
	'refused.unknown_profile': 'There is no profile {profile}. Choose one under Profiles.',
	'refused.unknown_unit': 'The journal does not know this unit.',
	'refused.unknown_device': 'That is not a device number of the cloud.',
	'refused.state_in_use': 'Another Firstlight uses the same folder. Close it and start again.',
	'refused.state_newer': 'A newer Firstlight wrote this folder. Update this one.',
	'refused.state_unusable': 'The data folder cannot be used. {why}',
	'refused.device_busy': 'This device has a job already. Wait until it has ended.',
	'refused.nothing_open': 'There is nothing to settle.',
	'refused.file_unreadable': '{path} cannot be read or written. {why}',
	'refused.station_slots': 'A station has 1 to {most} slots.',
	'refused.station_twice': 'A slot is there twice, by its name or by its place. {slot}',
	'refused.station_pattern': 'A pattern of the scanner cannot be used. {why}',
	'refused.station_not_armed': 'The station is not armed. Let the lead arm it.',
	'refused.station_busy': 'A unit is in work at the station. Wait until it has ended.',
	'refused.station_unknown': 'No station is set up here.',
	'refused.pin_short': 'A PIN has at least {least} characters.',
	'refused.pin_wrong':
		'This is not the lead’s PIN. After several wrong ones the station stays locked for half a minute.',
	'refused.label_template': 'The label cannot be printed. {why}',
	'refused.batch_problems': 'The file has {problems} problems. Fix them first.',
	'refused.unknown_batch': 'This batch is not running, or the journal does not know it.'
};
