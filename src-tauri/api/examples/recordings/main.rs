//! Writes what the UI's tests and a plain browser play; run by `cargo xtask recordings`.

mod tape;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/backend/recordings");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("practice.json"), tape::record()?)?;
    Ok(())
}
