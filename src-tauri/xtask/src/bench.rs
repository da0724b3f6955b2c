//! `cargo xtask bench`: figures, printed as `name value unit`, never asserted. `docs/measurements.md` quotes them.

use crate::shell::{Outcome, Stop, cargo, run, say};

/// Name, package, bench target.
const BENCHES: &[(&str, &str, &str)] =
    &[("journal", "engine", "journal"), ("unit", "engine", "unit"), ("tracking", "engine", "tracking")];

pub fn bench(names: &[String]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|(known, ..)| known == name)) {
        let known: Vec<&str> = BENCHES.iter().map(|(name, ..)| *name).collect();
        return Err(Stop(format!("there is no bench {unknown}; there are: {}", known.join(", "))));
    }
    for (name, package, target) in BENCHES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            say(&format!("\n== {name}"));
            run(&cargo(), &["bench", "--package", package, "--bench", target]).go()?;
        }
    }
    Ok(())
}
