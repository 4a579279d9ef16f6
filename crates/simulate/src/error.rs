use std::path::PathBuf;

/// Why a simulation could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The settings contradict each other or ask for more than there is.
    #[error("cannot simulate with {setting} = {value}: {reason}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
    /// A file or folder of the local bucket could not be made.
    #[error("cannot write {}: {source}; check that the folder is writable and the disk has room, then run again: what is written stays", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder of the local bucket could not be listed.
    #[error("cannot list {}: {source}; check that the folder is readable", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}
