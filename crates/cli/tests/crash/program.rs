//! The program under test, as a process.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::LakeKind;
use crate::bucket::{Bucket, LAKE, SOURCE};

/// No run of these small buckets takes this long, on any machine.
const AT_MOST: Duration = Duration::from_secs(120);

/// How a run's processes are started: their server, their lake, and their folder.
pub(crate) struct Stage {
    endpoint: String,
    lake_endpoint: String,
    keys: (String, String),
    lake: String,
    folder: tempfile::TempDir,
    started: std::cell::Cell<u32>,
}

/// A running process; killed when dropped.
pub(crate) struct Program {
    child: Child,
    command: String,
    output: PathBuf,
    begun: Instant,
}

/// A process that ended.
pub(crate) struct Ended {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Stage {
    /// Prepares a lake of a kind, not made yet.
    pub(crate) fn new(bucket: &Bucket, kind: LakeKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = match kind {
            LakeKind::Directory => folder.path().join("lake").to_str().unwrap().to_owned(),
            LakeKind::Bucket => format!("s3://{LAKE}/a/lake"),
        };
        let server = &bucket.server;
        Self {
            endpoint: server.endpoint(),
            lake_endpoint: bucket.lake_server.endpoint(),
            keys: (server.access_key().to_owned(), server.secret_key().to_owned()),
            lake,
            folder,
            started: 0.into(),
        }
    }

    /// The run's folder: `lake` in it is the lake, where that is a directory.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts reading the source into the lake, with a fail point or none.
    pub(crate) fn ingest(&self, fail_point: Option<&str>) -> Program {
        self.start(&["ingest", &format!("s3://{SOURCE}"), "--format", "json"], fail_point)
    }

    /// Starts the program with arguments, to which lake and endpoint are added.
    pub(crate) fn start(&self, arguments: &[&str], fail_point: Option<&str>) -> Program {
        let number = self.started.get();
        self.started.set(number + 1);
        let output = self.folder.path().join(format!("output-{number}"));
        let file = |end: &str| std::fs::File::create(output.with_extension(end)).unwrap();
        // A process that aborts must not leave its memory on disk.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "ulimit -c 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_flowglass")])
            .args(arguments)
            .args([
                "--lake",
                &self.lake,
                "--endpoint",
                &self.endpoint,
                "--lake-endpoint",
                &self.lake_endpoint,
            ])
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.folder.path())
            .env("AWS_ACCESS_KEY_ID", &self.keys.0)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.1)
            .env("AWS_REGION", "us-south")
            // A run makes several commits.
            .env("FLOWGLASS_BATCH_OBJECTS", "20")
            .envs(fail_point.map(|place| ("FLOWGLASS_FAILPOINT", place)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"));
        let child = command.spawn().unwrap();
        let command = format!("{arguments:?} fail point {fail_point:?}");
        Program { child, command, output, begun: Instant::now() }
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments, None).wait()
    }

    /// Ingests until a run succeeds, as whoever operates it would: at most five times.
    pub(crate) fn finish(&self) -> Ended {
        let mut failed = Vec::new();
        for _ in 0..5 {
            let ended = self.ingest(None).wait();
            if ended.status.success() {
                return ended;
            }
            failed.push(ended);
        }
        panic!("no ingest succeeded: {failed:?}");
    }
}

impl Program {
    /// True while it runs.
    pub(crate) fn alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it at once, and tells whether it still ran.
    pub(crate) fn kill(mut self) -> bool {
        let alive = self.alive();
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.signal().is_some() || status.success() || !alive, "{}: {status}", self.command);
        alive
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        while self.alive() {
            let shown = || std::fs::read_to_string(self.output.with_extension("err")).unwrap_or_default();
            assert!(self.begun.elapsed() < AT_MOST, "{} hangs: {}", self.command, shown());
            std::thread::sleep(Duration::from_millis(5));
        }
        let read = |end: &str| std::fs::read_to_string(self.output.with_extension(end)).unwrap();
        Ended {
            command: self.command.clone(),
            status: self.child.wait().unwrap(),
            stdout: read("out"),
            stderr: read("err"),
            took: self.begun.elapsed(),
        }
    }
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, status, stdout, stderr, took } = self;
        write!(f, "{command} ended with {status} after {took:?}\n{stdout}\n{stderr}")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, or nobody needs it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
