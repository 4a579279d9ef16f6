//! Embeds the web application, where it was built: every file of `ui/dist`, with the compressed forms beside it.
//!
//! Without it the server is built all the same, and says so to browsers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
    // The folder is always there (it holds a `.gitkeep`), so that this runs again exactly when the application was built.
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    if root.join("index.html").exists() {
        list(&root, &mut files)?;
        files.sort();
    }
    let mut code = String::from("static FILES: &[File] = &[\n");
    for file in &files {
        let Some(path) = file.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        let with = |ending: &str| {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            let packed = PathBuf::from(name);
            if packed.exists() { format!("Some(include_bytes!({packed:?}))") } else { "None".to_owned() }
        };
        let (brotli, gzip) = (with(".br"), with(".gz"));
        let path = path.replace('\\', "/");
        writeln!(
            code,
            "    File {{ path: \"/{path}\", plain: include_bytes!({file:?}), brotli: {brotli}, gzip: {gzip} }},"
        )
        .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("ui.rs"), code)
}

/// Lists what is served: not hidden files, not compressed forms.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            list(&path, files)?;
        } else if !name.starts_with('.') && !name.ends_with(".br") && !name.ends_with(".gz") {
            files.push(path);
        }
    }
    Ok(())
}
