//! Where a face keeps journal, profiles and settings unless it is told otherwise: command line and window share it.

use std::path::PathBuf;

/// Where the person looks for files that a program wrote for them: among the downloads, else at home; `None` where the
/// system names no such place.
pub fn downloads() -> Option<PathBuf> {
    let dirs = directories::UserDirs::new()?;
    Some(dirs.download_dir().unwrap_or(dirs.home_dir()).to_owned())
}

/// The platform's data folder for this product; `None` where the system names none.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "Firstlight").map(|dirs| dirs.data_dir().to_owned())
}
