//! Whose work is inside the app, and under which licence: the list that the window shows, and the rule that no GPL gets in.
//!
//! Rust's part is what `cargo tree` links into the two programs, for every system; the UI's part is what ends in its bundle.
//! The list is made with each build of the app; the one that is committed, for builds of the UI alone, may not differ.

use crate::shell::{Outcome, Stop, cargo, root, run, say};
use std::collections::BTreeSet;
use std::path::Path;

/// What of the UI's packages ends in the bundle; everything else only builds or tests it.
const BUNDLED: &[&str] = &["svelte", "@sveltejs/kit", "@tauri-apps/api", "esm-env", "clsx", "devalue"];

type Row = (String, String, String);

const LIST: &str = "ui/src/lib/health/licences.json";

/// Writes the list where the UI finds it.
pub fn write() -> Outcome {
    let rows = all()?;
    let path = root().join(LIST);
    std::fs::write(&path, text_of(&rows))
        .map_err(|error| Stop(format!("{} cannot be written: {error}", path.display())))?;
    say(&format!("licences: {} libraries", rows.len()));
    Ok(())
}

fn text_of(rows: &BTreeSet<Row>) -> String {
    let line =
        |(name, version, licence): &Row| format!("[{}, {}, {}]", json(name), json(version), json(licence));
    format!("[\n{}\n]\n", rows.iter().map(line).collect::<Vec<_>>().join(",\n"))
}

/// What differs between the list that is committed and what would be built now.
pub fn outdated() -> Result<Vec<String>, Stop> {
    let kept = std::fs::read_to_string(root().join(LIST)).unwrap_or_default();
    let now = text_of(&all()?);
    let rows = |text: &str| -> BTreeSet<String> {
        text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
    };
    let (kept, now) = (rows(&kept), rows(&now));
    let gone = kept.difference(&now).map(|row| format!("{LIST}: {row} is not built any more"));
    let new = now.difference(&kept).map(|row| format!("{LIST}: {row} is missing"));
    Ok(gone.chain(new).collect())
}

/// Every library whose licence leaves no choice but a GPL, or that names none.
pub fn refused() -> Result<Vec<String>, Stop> {
    let told = |(name, version, licence): &Row| format!("{name} {version}: licence “{licence}”");
    Ok(rust()?.iter().filter(|(_, _, licence)| !may_be_used(licence)).map(told).collect())
}

fn all() -> Result<BTreeSet<Row>, Stop> {
    let mut rows = rust()?;
    for package in BUNDLED {
        let path = root().join("ui/node_modules").join(package).join("package.json");
        if let Some(row) = npm(&path) {
            rows.insert(row);
        }
    }
    Ok(rows)
}

fn rust() -> Result<BTreeSet<Row>, Stop> {
    let arguments = [
        "tree",
        "--workspace",
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}\t{l}",
    ];
    let tree = run(&cargo(), &arguments).output();
    tree.map(|tree| rows_of(&tree)).ok_or_else(|| Stop("cargo tree gives no list of libraries".into()))
}

/// Lines of `name vVERSION (…)<tab>licence`; our own crates lie in a folder and are left out.
fn rows_of(tree: &str) -> BTreeSet<Row> {
    let row = |line: &str| {
        let (package, licence) = line.split_once('\t')?;
        let mut words = package.split_whitespace();
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let ours = words.next().is_some_and(|more| more.starts_with("(/") || more.contains(":\\"));
        let licence = licence.trim().trim_end_matches("(*)").trim();
        (!ours).then(|| (name.to_owned(), version.to_owned(), licence.to_owned()))
    };
    tree.lines().filter_map(row).collect()
}

/// Name, version and licence of a package; the three are plain texts at its top.
fn npm(path: &Path) -> Option<Row> {
    let text = std::fs::read_to_string(path).ok()?;
    let field = |name: &str| {
        let key = format!("\n\t\"{name}\": \"");
        let spaced = format!("\n  \"{name}\": \"");
        let from = text.find(&key).map(|at| at + key.len());
        let from = from.or_else(|| text.find(&spaced).map(|at| at + spaced.len()))?;
        text[from..].split('"').next().map(str::to_owned)
    };
    Some((field("name")?, field("version")?, field("license")?))
}

/// Whether one of the alternatives asks for nothing that a GPL asks for. `/` is how old manifests write OR.
fn may_be_used(licence: &str) -> bool {
    let licence = licence.replace('/', " OR ");
    !licence.trim().is_empty() && licence.split(" OR ").any(|one| !one.to_ascii_uppercase().contains("GPL"))
}

fn json(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpl_is_refused_unless_something_else_may_be_chosen() {
        for fine in ["MIT", "MIT OR Apache-2.0", "MIT/Apache-2.0", "LGPL-3.0 OR MIT", "MPL-2.0"] {
            assert!(may_be_used(fine), "{fine}");
        }
        for not in ["GPL-3.0", "LGPL-2.1-only", "AGPL-3.0 OR GPL-2.0", ""] {
            assert!(!may_be_used(not), "{not}");
        }
    }

    #[test]
    fn every_library_is_listed_once_and_none_of_our_own() {
        let tree = "serde v1.0.1\tMIT OR Apache-2.0\nserde v1.0.1\tMIT OR Apache-2.0 (*)\nproto v0.1.0 (/x/src-tauri/proto)\tMIT\n\nquick v2.0.0 (proc-macro)\tMIT\n";
        let rows: Vec<_> = rows_of(tree).into_iter().map(|(name, _, _)| name).collect();
        assert_eq!(rows, ["quick", "serde"]);
    }
}
