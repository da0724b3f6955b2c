//! The tests that need real Bluetooth and USB, in the lab: a small virtual machine with the real Linux stack.
//!
//! The lab is not part of this project. Where it is not there, this says so and counts its tests as skipped.

use crate::shell::{Outcome, cargo, root, run, say};
use std::path::PathBuf;

/// The lab's command, if the lab is there.
pub fn command() -> Option<PathBuf> {
    let place =
        std::env::var_os("FIRSTLIGHT_BTLAB").map_or_else(|| root().join("../shared/btlab"), PathBuf::from);
    let command = place.join("btlab");
    command.is_file().then_some(command)
}

/// The scripts, each one run of the lab; `src-tauri/link/lab/*.sh` say what they need in their first lines.
pub fn lab() -> Outcome<bool> {
    let scripts = scripts();
    let Some(command) = command() else {
        say(&format!(
            "The lab (../shared/btlab) is not here, so what needs real Bluetooth was not run.\n0 passed, 0 failed, {} skipped",
            scripts.len()
        ));
        return Ok(false);
    };
    let command = command.to_string_lossy().into_owned();
    if run(&command, &["available"]).output().is_none() {
        run(&command, &["setup"]).or("The lab needs root, apt and python3; see its README").go()?;
    }
    run(&cargo(), &["build", "--workspace", "--tests", "--bins"]).go()?;
    let mut failed = Vec::new();
    for script in &scripts {
        let script = script.to_string_lossy().into_owned();
        if let Err(stop) = run("bash", &[&script]).env("BTLAB", &command).go() {
            say(&stop.to_string());
            failed.push(script);
        }
    }
    say(&format!("lab: {} passed, {} failed", scripts.len() - failed.len(), failed.len()));
    if failed.is_empty() {
        Ok(true)
    } else {
        Err(crate::shell::Stop(format!("failed in the lab: {}", failed.join(", "))))
    }
}

fn scripts() -> Vec<PathBuf> {
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(root().join("src-tauri/link/lab"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    scripts.retain(|path| path.extension().is_some_and(|ext| ext == "sh"));
    scripts.sort();
    scripts
}
