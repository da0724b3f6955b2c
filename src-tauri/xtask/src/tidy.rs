//! The house rules that a compiler does not keep: each with its reason, each with the place where it is broken.

use crate::licences;
use crate::shell::{Outcome, Stop, root, run, say};
use std::path::Path;

/// Who may import whom: arrows go down only. `sim` is for faces and tests, so it stands in nobody's `[dependencies]` but theirs.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("link", &["proto"]),
    ("cloud", &["proto"]),
    ("engine", &["proto", "link", "cloud"]),
    ("api", &["proto", "link", "cloud", "engine"]),
    ("sim", &["proto", "link", "cloud"]),
    ("cli", &["proto", "link", "cloud", "engine", "api", "sim"]),
    ("xtask", &[]),
];

/// Libraries that one crate alone may name, so that the rest can be tested without them.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("btleplug", &["link"], "only `link` knows a bus"),
    ("serialport", &["link"], "only `link` knows a bus"),
    ("reqwest", &["cloud"], "only `cloud` knows an HTTP client"),
    ("axum", &["sim"], "only `sim` serves HTTP"),
    ("rusqlite", &["engine"], "only the journal knows the database"),
    ("tokio", &["link", "cloud", "engine", "api", "sim", "cli"], "`proto` has no tasks"),
];

struct Rule {
    text: &'static str,
    /// Files it holds for, as git path patterns.
    paths: &'static [&'static str],
    reason: &'static str,
}

/// Where refusals are made that the window shows, in whatever language.
const REFUSING: &[&str] = &["src-tauri/engine/src", "src-tauri/api/src", "src-tauri/desktop"];
const WHY: &str =
    "why something is refused is an `engine::Why` with a sentence in each language, never a text";

const NOT_WRITTEN: &[Rule] = &[
    Rule {
        text: "Instant::now()",
        paths: &["src-tauri/proto/src"],
        reason: "time is an argument in `proto`",
    },
    Rule {
        text: "SystemTime::now()",
        paths: &["src-tauri/proto/src"],
        reason: "time is an argument in `proto`",
    },
    Rule { text: "std::fs::", paths: &["src-tauri/proto/src"], reason: "`proto` has no I/O" },
    Rule { text: "std::net::Tcp", paths: &["src-tauri/proto/src"], reason: "`proto` has no I/O" },
    Rule { text: "#[ignore", paths: &["*.rs"], reason: "a test that does not run is no test" },
    Rule { text: "#[allow(", paths: &["*.rs"], reason: "use #[expect(…, reason = \"…\")]" },
    Rule {
        text: ".skip(",
        paths: &["ui/src/*.test.ts", "ui/e2e/*.ts", "ui/e2e/*.mjs"],
        reason: "a test that does not run is no test",
    },
    Rule {
        text: "@tauri-apps/",
        paths: &["ui/src/*.svelte", "ui/src/*.ts", ":!ui/src/lib/backend/tauri.ts"],
        reason: "only ui/src/lib/backend/tauri.ts knows Tauri",
    },
    Rule { text: "[(\"why\",", paths: REFUSING, reason: WHY },
    Rule { text: " (\"why\",", paths: REFUSING, reason: WHY },
    Rule { text: "[(\"what\",", paths: REFUSING, reason: WHY },
    Rule { text: " (\"what\",", paths: REFUSING, reason: WHY },
    Rule {
        text: "{@html",
        paths: &["ui/src/*.svelte"],
        reason: "what a device or a cloud says is never markup",
    },
];

/// Own files and the way to our commands; styles may stand in the page since Svelte's transitions write them there.
const CSP: &str = "default-src 'self'; connect-src ipc: http://ipc.localhost; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'";

pub fn tidy() -> Outcome {
    let mut broken = imports();
    broken.extend(openings());
    broken.extend(words());
    broken.extend(window());
    let outdated = licences::outdated()?;
    if !outdated.is_empty() {
        broken.push("ui/src/lib/health/licences.json is out of date: run `cargo xtask licences`".to_owned());
        broken.extend(outdated);
    }
    let gpl = licences::refused()?.into_iter();
    broken.extend(gpl.map(|library| format!("Cargo.lock: {library}: no GPL gets in (CONTRIBUTING.md)")));
    if broken.is_empty() {
        say("tidy: every rule holds");
        return Ok(());
    }
    Err(Stop(format!("{} place(s) break a house rule:\n{}", broken.len(), broken.join("\n"))))
}

fn imports() -> Vec<String> {
    let mut broken = Vec::new();
    for (name, allowed) in MAY_IMPORT {
        let path = format!("src-tauri/{name}/Cargo.toml");
        let manifest = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        for dependency in dependencies(&manifest) {
            if MAY_IMPORT.iter().any(|(known, _)| *known == dependency)
                && !allowed.contains(&dependency.as_str())
            {
                broken.push(format!(
                    "{path}: {name} may not import {dependency}: arrows go down only (ARCHITECTURE.md)"
                ));
            }
            if let Some((_, _, reason)) =
                ONLY_IN.iter().find(|(library, crates, _)| *library == dependency && !crates.contains(name))
            {
                broken.push(format!("{path}: {name} may not use {dependency}: {reason}"));
            }
        }
    }
    broken
}

/// Names in the `[dependencies]` tables (of all targets) of a manifest; dev-dependencies may go anywhere.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[dependencies]"
                || (line.starts_with("[target.") && line.ends_with(".dependencies]"));
        } else if inside && let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            names.push(name.trim().split('.').next().unwrap_or_default().to_owned());
        }
    }
    names
}

/// Each file opens by saying what it is for.
fn openings() -> Vec<String> {
    let files = tracked(&["src-tauri/*/src/*.rs", "src-tauri/desktop/*.rs"]);
    let silent = |file: &&String| {
        let text = std::fs::read_to_string(root().join(file.as_str())).unwrap_or_default();
        !text.starts_with("//!")
    };
    files
        .iter()
        .filter(silent)
        .map(|file| format!("{file}: begins without `//!`: say what the file is for"))
        .collect()
}

fn words() -> Vec<String> {
    let mut broken = Vec::new();
    for rule in NOT_WRITTEN {
        for file in tracked(rule.paths) {
            if Path::new(&file).ends_with("xtask/src/tidy.rs") {
                continue;
            }
            let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
            for (number, _) in text.lines().enumerate().filter(|(_, line)| line.contains(rule.text)) {
                broken.push(format!("{file}:{}: `{}`: {}", number + 1, rule.text, rule.reason));
            }
        }
    }
    broken
}

/// What the page may do and load: widened only by a person who changes it here too.
fn window() -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let mut broken = Vec::new();
    // Permissions of Tauri and its plugins have a colon in their names (`core:default`); our own commands have none.
    let capability = read("src-tauri/desktop/capabilities/main.json");
    let granted = capability.split_once("\"permissions\": [").map_or("core:", |(_, granted)| granted);
    if granted.contains(':') || tracked(&["src-tauri/desktop/capabilities/*"]).len() != 1 {
        broken.push("src-tauri/desktop/capabilities: the page needs nothing of Tauri itself".to_owned());
    }
    if !read("tauri.conf.json").contains(&format!("\"csp\": \"{CSP}\"")) {
        broken.push(format!("tauri.conf.json: the content security policy is pinned as {CSP}"));
    }
    if read("Cargo.toml").contains("tauri-plugin-shell") {
        broken.push("Cargo.toml: the page runs no programs, so there is no shell plugin".to_owned());
    }
    broken
}

fn tracked(patterns: &[&str]) -> Vec<String> {
    let mut arguments = vec!["ls-files", "--cached", "--others", "--exclude-standard", "--"];
    arguments.extend(patterns);
    run("git", &arguments).output().unwrap_or_default().lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::dependencies;

    #[test]
    fn only_real_dependencies_count() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nproto.workspace = true\n# tokio = \"1\"\nserde = \"1\"\n[dev-dependencies]\nsim = \"1\"\n[target.'cfg(unix)'.dependencies]\nrustix = \"1\"";
        assert_eq!(dependencies(manifest), ["proto", "serde", "rustix"]);
    }
}
