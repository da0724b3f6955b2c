//! Small files that are replaced as a whole: after a crash there is the old content or the new one, never half of it.

use std::fs::File;
use std::io::{Error, Write};
use std::path::Path;

/// Writes beside the file, to the disk, and then puts it in its place. Only the owner may read it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::other("a file needs a folder and a name"));
    };
    let mut beside_name = name.to_owned();
    beside_name.push(format!(".{}.new", std::process::id()));
    let beside = dir.join(beside_name);
    let done = write(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        // The error that counts is the first one.
        let _ = std::fs::remove_file(&beside);
    }
    done?;
    // The new name has to be on the disk, too; Windows has no way to ask for that.
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
