//! Writes the views' TypeScript types; run by `cargo xtask bindings`.

fn main() -> std::io::Result<()> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/backend/bindings");
    std::fs::create_dir_all(&dir)?;
    let names = |side| sim::trouble::knobs(side).map(|knob| knob.name).collect::<Vec<_>>();
    let (devices, cloud) = (names(sim::trouble::Side::Device), names(sim::trouble::Side::Cloud));
    std::fs::write(dir.join("views.ts"), api::desk::typescript(&devices, &cloud))
}
