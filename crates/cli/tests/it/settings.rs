//! Flag over environment over file over default.

use crate::support::{empty_folder, flowglass, run, show};

/// Which lake is meant, by the error that it is not there.
fn lake(mut command: std::process::Command, folder: &std::path::Path) -> String {
    let output = command.current_dir(folder).output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    line.replace(&folder.display().to_string(), "[HERE]")
}

#[test]
fn precedence() {
    let here = empty_folder("precedence");
    assert_eq!(lake(flowglass("search"), &here), "error: no lake is named");
    std::fs::write(here.join("flowglass.toml"), "lake = \"from-file\"\n").expect("writable");
    assert_eq!(lake(flowglass("search"), &here), "error: there is no lake at file://[HERE]/from-file/");
    let mut command = flowglass("search");
    command.env("FLOWGLASS_LAKE", "from-environment");
    assert_eq!(lake(command, &here), "error: there is no lake at file://[HERE]/from-environment/");
    let mut command = flowglass("search --lake from-flag");
    command.env("FLOWGLASS_LAKE", "from-environment");
    assert_eq!(lake(command, &here), "error: there is no lake at file://[HERE]/from-flag/");
    // Set to nothing is not set.
    let mut command = flowglass("search");
    command.env("FLOWGLASS_LAKE", "");
    assert_eq!(lake(command, &here), "error: there is no lake at file://[HERE]/from-file/");
}

#[test]
fn files() {
    let here = empty_folder("settings-files");
    let config = here.join("config");
    std::fs::create_dir_all(config.join("flowglass")).expect("writable");
    std::fs::write(config.join("flowglass/flowglass.toml"), "lake = \"users\"\n").expect("writable");
    let users = || {
        let mut command = flowglass("search");
        command.env("XDG_CONFIG_HOME", &config);
        command
    };
    // Relative to the file, not to where one stands.
    assert_eq!(lake(users(), &here), "error: there is no lake at file://[HERE]/config/flowglass/users/");
    std::fs::write(here.join("flowglass.toml"), "lake = \"/elsewhere\"\n").expect("writable");
    assert_eq!(lake(users(), &here), "error: there is no lake at file:///elsewhere/");
    std::fs::write(here.join("named.toml"), "lake = \"s3://\"\n").expect("writable");
    let mut command = flowglass("search --config named.toml");
    command.env("XDG_CONFIG_HOME", &config);
    assert_eq!(lake(command, &here), "error: \"s3://\" is no lake address: it names no bucket");
    let mut command = flowglass("search");
    command.env("FLOWGLASS_CONFIG", "named.toml");
    assert_eq!(lake(command, &here), "error: \"s3://\" is no lake address: it names no bucket");
}

#[test]
fn files_that_are_no_good() {
    let here = empty_folder("settings-bad");
    let seen = |text: &str, line: &str| {
        std::fs::write(here.join("flowglass.toml"), text).expect("writable");
        let mut command = flowglass(line);
        command.current_dir(&here);
        show(command)
    };
    insta::assert_snapshot!(seen("lak = \"x\"\n", "search"), @r#"
    exit code 2
    --- stderr
    error: unknown setting "lak" in flowglass.toml
    hint: did you mean "lake"?
    "#);
    insta::assert_snapshot!(seen("lake = \n", "search"), @"
    exit code 2
    --- stderr
    error: the settings file flowglass.toml is not valid: TOML parse error at line 1, column 8
      |
    1 | lake =
      |        ^
    string values must be quoted, expected literal string
    ");
    insta::assert_snapshot!(seen("timeout = \"soon\"\nlake = \"s3://\"", "search --count"), @r#"
    exit code 2
    --- stderr
    error: "s3://" is no lake address: it names no bucket
    hint: give a directory, file:///path, or s3://bucket/prefix
    "#);
    insta::assert_snapshot!(seen("threads = [1]\n", "search"), @"
    exit code 2
    --- stderr
    error: threads in flowglass.toml is neither text, number nor boolean
    ");
    insta::assert_snapshot!(seen("[[sources]]\nuri = \"x\"\n", "search"), @r#"
    exit code 2
    --- stderr
    error: the sources in flowglass.toml are not valid: unknown field `uri`, expected one of `url`, `name`, `endpoint`, `signing_region`

    hint: write [[sources]] and below it url = "s3://bucket/prefix"
    "#);
    insta::assert_snapshot!(run("search --config missing.toml"), @"
    exit code 2
    --- stderr
    error: cannot read the settings file missing.toml: No such file or directory (os error 2)
    ");
}

#[test]
fn names_file() {
    let here = empty_folder("names");
    std::fs::write(here.join("names.txt"), "10.240.0.4 vsi1\n").expect("writable");
    let mut command = flowglass("search target:vsi1 --explain");
    command.env("FLOWGLASS_NAMES", here.join("names.txt"));
    insta::assert_snapshot!(show(command), @"
    exit code 0
    --- stdout
    target_ip is 10.240.0.4
    time: all time, UTC
    ");
    insta::assert_snapshot!(run("search target:vsi1 --explain"), @r#"
    exit code 2
    --- stderr
    error: the query cannot be understood
      target:vsi1
             ^^^^ "vsi1" is not an address, and no names are loaded
    hint: an address, a network such as 10.0.0.0/8, a range a..b, a prefix such as 10.240., or --names FILE
    "#);
    insta::assert_snapshot!(run("search --names missing.txt --explain"), @"
    exit code 2
    --- stderr
    error: cannot read the names file missing.txt (--names): No such file or directory (os error 2)
    ");
}

#[test]
fn log_filter() {
    let mut command = flowglass("search --explain");
    command.env("FLOWGLASS_LOG", "what=ever=");
    insta::assert_snapshot!(show(command), @r#"
    exit code 2
    --- stderr
    error: the log filter "what=ever=" cannot be used: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
    hint: write it like info, or flowglass_ingest=debug,warn
    "#);
}
