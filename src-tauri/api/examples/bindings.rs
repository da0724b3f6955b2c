//! Writes the views' TypeScript types; run by `cargo xtask bindings`.

fn main() -> std::io::Result<()> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/backend/bindings");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("views.ts"), api::desk::typescript(&sim::trouble::unions()))
}
