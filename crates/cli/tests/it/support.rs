//! Running the binary.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The command with these arguments, in a folder of its own, free of the caller's settings. `'a b' c` are two arguments.
pub(crate) fn flowglass(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowglass"));
    command.args(split(line)).current_dir(folder("cwd")).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["FLOWGLASS_", "AWS_", "IBMCLOUD_", "COS_", "XDG_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env("TERM", "xterm")
        .env("TZ", "UTC")
        .env("HOME", folder("home"));
    command
}

/// A folder of this test run.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    std::fs::create_dir_all(&path).expect("the folder can be made");
    path
}

/// As [`folder`], and empty.
pub(crate) fn empty_folder(name: &str) -> PathBuf {
    let path = folder(name);
    std::fs::remove_dir_all(&path).expect("the folder can be removed");
    folder(name)
}

/// A running program, killed when the test ends, however it ends.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts a command.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the binary runs"))
    }

    /// Asks it to end, as Ctrl-C does, and returns its exit code.
    pub(crate) fn interrupt(mut self) -> Option<i32> {
        let status = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "it runs still");
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command line and returns what a user sees: exit code, standard output, standard error.
pub(crate) fn run(line: &str) -> String {
    show(flowglass(line))
}

/// Runs a command and returns what a user sees.
pub(crate) fn show(mut command: Command) -> String {
    seen(&command.output().expect("the binary runs"))
}

/// What a user sees, with everything replaced that differs from run to run.
pub(crate) fn seen(output: &Output) -> String {
    let mut text =
        format!("exit code {}\n", output.status.code().map_or("none".to_owned(), |code| code.to_string()));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            text.push_str(&format!("--- {name}\n{}", String::from_utf8_lossy(bytes)));
        }
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
    mask(&text.replace(&root.display().to_string(), "[DIR]"))
}

/// Masks times that work took, and when a source was listed.
fn mask(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for at in 1..words.len() {
            let number = words[at - 1].parse::<f64>().is_ok();
            if number && matches!(words[at].trim_end_matches([',', ';', ')']), "ms") {
                words[at - 1] = "[N]".to_owned();
            }
            if words[at] == "listed" && words[at - 1] == "last" {
                words.truncate(at + 1);
                words.push("[TIME]".to_owned());
                break;
            }
        }
        lines.push(words.join(" ").trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

/// Splits a command line at spaces; single quotes hold together what they enclose.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
