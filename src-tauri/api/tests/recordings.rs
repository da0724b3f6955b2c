//! The UI is tested on what the engine really does: the recording in its folder is the one that is made now.

#[path = "../examples/recordings/tape.rs"]
mod tape;

#[test]
fn the_recording_that_the_ui_plays_is_what_the_window_is_told() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../ui/src/lib/backend/recordings/practice.json");
    let kept = std::fs::read_to_string(path).expect("the recording is in its folder").replace("\r\n", "\n");
    let made = tape::record().expect("every scene ends as it must");
    let other = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(
        kept == made,
        "what the window is told changed: run `cargo xtask recordings`, look at the difference and commit it; {other:#?}"
    );
}
