//! `cargo xtask bench`: figures, printed as `name value unit`, never asserted. `docs/measurements.md` quotes them. What
//! has to fetch programs of others first (`peers`), or to be built for release (`app`), is measured only when it is named.

mod app;

use crate::shell::{Outcome, Stop, cargo, run, say};

/// Name, package, bench target.
const BENCHES: &[(&str, &str, &str)] = &[
    ("journal", "engine", "journal"),
    ("unit", "engine", "unit"),
    ("tracking", "engine", "tracking"),
    ("batch", "engine", "batch"),
    ("peers", "engine", "peers"),
];

pub fn bench(names: &[String]) -> Outcome {
    let known: Vec<&str> = BENCHES.iter().map(|(name, ..)| *name).chain(["app"]).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Stop(format!("there is no bench {unknown}; there are: {}", known.join(", "))));
    }
    for (name, package, target) in BENCHES {
        if (names.is_empty() && *name != "peers") || names.iter().any(|wanted| wanted == name) {
            say(&format!("\n== {name}"));
            let bench = run(&cargo(), &["bench", "--package", package, "--bench", target]);
            match *name {
                "peers" => bench.env("FIRSTLIGHT_PEERS", peers()?).go()?,
                _ => bench.go()?,
            }
        }
    }
    if names.iter().any(|wanted| wanted == "app") {
        say("\n== app");
        app::app()?;
    }
    Ok(())
}

/// The reference clients that ours is measured beside, with their versions and licences.
const PEERS: [&str; 2] =
    ["improv-wifi-serial-sdk@2.8.1 (npm, Apache-2.0)", "py-improv-ble-client 2.0.1 (PyPI, MIT)"];

/// Installs them into `target/peers`, where they stay; nothing of them is part of this project.
fn peers() -> Result<std::path::PathBuf, Stop> {
    let dir = crate::shell::target().join("peers");
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    if !dir.join("node_modules/improv-wifi-serial-sdk").is_dir()
        || !dir.join("python/improv_ble_client").is_dir()
    {
        say(&format!("installing into {}:", dir.display()));
        PEERS.iter().for_each(|peer| say(&format!("  {peer}")));
        std::fs::create_dir_all(&dir)
            .map_err(|error| Stop(format!("{} cannot be made: {error}", dir.display())))?;
        let npm =
            ["install", "--no-audit", "--no-fund", "--prefix", &text(&dir), "improv-wifi-serial-sdk@2.8.1"];
        run("npm", &npm).or("install Node.js").go()?;
        // Its own metadata names no packages; these two are what it imports.
        let pip = ["-m", "pip", "install", "--quiet", "--target", &text(&dir.join("python"))];
        let wanted = ["py-improv-ble-client==2.0.1", "bleak", "bleak-retry-connector"];
        run("python3", &[&pip[..], &wanted[..]].concat()).or("install Python 3.11 or newer with pip").go()?;
    }
    Ok(dir)
}
