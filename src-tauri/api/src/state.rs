//! Where a face keeps journal, profiles and settings unless it is told otherwise: command line and window share it.

use std::path::PathBuf;

/// The platform's data folder for this product; `None` where the system names none.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "Firstlight").map(|dirs| dirs.data_dir().to_owned())
}
