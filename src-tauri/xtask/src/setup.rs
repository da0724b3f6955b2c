//! What a fresh machine lacks, named before it is installed. Prerequisites are Rust and Node only.

use crate::shell::{Outcome, Stop, found, root, run, say};
use std::collections::BTreeMap;

/// Debian packages, each with the file or package that proves it is there, and the reason.
const BUILD: &[(&str, &str)] = &[
    ("libwebkit2gtk-4.1-dev", "the window's web view"),
    ("libdbus-1-dev", "BLE through BlueZ"),
    ("pkg-config", "finding both"),
    ("build-essential", "the C parts of SQLite and TLS"),
];
const WINDOW_TESTS: &[(&str, &str)] = &[
    ("xvfb", "a display for the window tests"),
    ("xauth", "access to that display"),
    ("webkit2gtk-driver", "driving the real window"),
    ("dbus", "a session bus for the tests"),
    ("imagemagick", "pictures of the screen"),
    ("fonts-dejavu-core", "letters on that display"),
    ("x11-utils", "asking that display whether the window is there"),
    (
        "xdotool",
        "a pointer and keys for what WebDriver does not reach: dragged files and the system's dialogs",
    ),
    ("gir1.2-gtk-3.0", "the window that a file is dragged from"),
    ("python3-gi", "the same"),
    ("desktop-file-utils", "checking the desktop entry"),
    ("appstream", "checking what software centres show"),
    ("python3-dbusmock", "a desktop that notes who calls a person or keeps the computer awake"),
];

const PACKAGES: &[(&str, &str)] = &[("rpm", "rpmbuild, which packs the .rpm")];

#[cfg(unix)]
const WINDOWS: &[(&str, &str)] = &[
    ("gcc-mingw-w64-x86-64-posix", "the C parts, for Windows"),
    ("g++-mingw-w64-x86-64-posix", "the same"),
    ("nasm", "the assembler parts of TLS, for Windows"),
];

/// What type-checking for Windows needs besides.
#[cfg(unix)]
pub fn for_windows() -> Outcome {
    system(WINDOWS)
}

/// What packing for release needs besides.
pub fn for_packages() -> Outcome {
    system(PACKAGES)
}

pub fn everything() -> Outcome {
    toolchain()?;
    system(&[BUILD, WINDOW_TESTS].concat())?;
    node_packages()
}

/// What building and starting the app needs.
pub fn for_the_app() -> Outcome {
    toolchain()?;
    system(BUILD)?;
    node_packages()
}

fn toolchain() -> Outcome {
    let node = run("node", &["--version"]).output().unwrap_or_default();
    let major: u32 =
        node.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 20 {
        return Err(Stop(format!(
            "Node 20 or newer is needed, found {}. Install it from https://nodejs.org and run this again",
            if node.is_empty() { "none" } else { node.trim() }
        )));
    }
    if !found("npm") {
        return Err(Stop(
            "npm is missing; it comes with Node. Install Node from https://nodejs.org and run this again"
                .into(),
        ));
    }
    for (component, program) in [("rustfmt", "rustfmt"), ("clippy", "cargo-clippy")] {
        if !found(program) {
            say(&format!("installing the Rust component {component}"));
            run("rustup", &["component", "add", component])
                .or(format!("Install {component} for your Rust toolchain"))
                .go()?;
        }
    }
    Ok(())
}

fn system(wanted: &[(&str, &str)]) -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(()); // Windows and macOS bring their web views and Bluetooth along
    }
    if !found("dpkg-query") {
        if run("pkg-config", &["--exists", "webkit2gtk-4.1", "dbus-1"]).output().is_some() {
            return Ok(());
        }
        return Err(Stop(format!(
            "this system has no apt. Install what these Debian packages hold, then run this again: {}",
            wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
        )));
    }
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    let missing = missing_packages(&names);
    if missing.is_empty() {
        return Ok(());
    }
    say("installing system packages:");
    for (name, why) in wanted.iter().filter(|(name, _)| missing.contains(name)) {
        say(&format!("  {name}: {why}"));
    }
    let fix = format!("Install them by hand and run this again: apt-get install {}", missing.join(" "));
    let mut install = vec!["install", "-qy", "--no-install-recommends"];
    install.extend(&missing);
    as_root("apt-get", &["update", "-q"], &fix)?;
    as_root("apt-get", &install, &fix)
}

pub fn missing_packages<'a>(names: &[&'a str]) -> Vec<&'a str> {
    // dpkg-query fails as a whole if one name is unknown, but lists those that it knows.
    let listed = std::process::Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .args(names)
        .output();
    let listed = listed.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    let installed: BTreeMap<&str, &str> = listed.lines().filter_map(|line| line.split_once(' ')).collect();
    names.iter().copied().filter(|name| installed.get(name) != Some(&"installed")).collect()
}

fn as_root(program: &str, arguments: &[&str], fix: &str) -> Outcome {
    let is_root = run("id", &["-u"]).output().is_some_and(|id| id.trim() == "0");
    if is_root {
        return run(program, arguments).env("DEBIAN_FRONTEND", "noninteractive").or(fix).go();
    }
    if !found("sudo") {
        return Err(Stop(format!("installing needs root, and there is no sudo. {fix}")));
    }
    let mut all = vec!["DEBIAN_FRONTEND=noninteractive", program];
    all.extend(arguments);
    run("sudo", &all).or(fix).hand_over()
}

/// `npm ci`, when the lock file is newer than what is installed.
fn node_packages() -> Outcome {
    let ui = root().join("ui");
    let modified = |path: std::path::PathBuf| path.metadata().and_then(|meta| meta.modified()).ok();
    let (lock, stamp) =
        (modified(ui.join("package-lock.json")), modified(ui.join("node_modules/.package-lock.json")));
    if stamp.is_some() && stamp >= lock {
        return Ok(());
    }
    say("installing the UI's npm packages");
    run("npm", &["ci", "--no-audit", "--no-fund"])
        .within("ui")
        .or("Check the connection to the npm registry and run this again")
        .go()
}
