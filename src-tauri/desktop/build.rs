//! What Tauri wants done before the app is compiled; its folder of capabilities is not where Tauri looks by itself.

#[path = "command_names.rs"]
mod command_names;

fn main() {
    // With a pattern of our own, tauri-build emits no such line: a wrong permission would go unnoticed.
    println!("cargo:rerun-if-changed=src-tauri/desktop/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/desktop/command_names.rs");
    tauri_build::try_build(
        tauri_build::Attributes::new()
            // With a list, what no capability grants is refused, our own commands included.
            .app_manifest(tauri_build::AppManifest::new().commands(command_names::COMMANDS))
            .capabilities_path_pattern("./src-tauri/desktop/capabilities/**/*.json"),
    )
    .expect("the Tauri build script failed");
}
