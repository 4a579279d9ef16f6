//! Help, reference pages, completions.

use std::path::Path;

use crate::support::{flowglass, run};

#[test]
fn version() {
    insta::assert_snapshot!(run("--version").replace(env!("CARGO_PKG_VERSION"), "[VERSION]"), @"
    exit code 0
    --- stdout
    flowglass [VERSION]
    ");
}

#[test]
fn no_command_is_usage() {
    let seen = run("");
    assert!(seen.starts_with("exit code 2\n--- stderr\nFrom the bucket of VPC flow logs"), "{seen}");
}

#[test]
fn every_command_has_help_with_an_example() {
    let help = run("help");
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let seen = run(&format!("{command} --help"));
        assert!(seen.starts_with("exit code 0\n--- stdout\n"), "{command}: {seen}");
        // These are groups, or too plain for examples.
        if !matches!(command, "lake" | "fields") {
            assert!(seen.contains("\nExample"), "{command} has no example: {seen}");
        }
    }
}

#[test]
fn reference_pages_are_current() {
    for page in ["settings", "cli", "fields"] {
        let output = flowglass(&format!("reference {page}")).output().expect("the binary runs");
        let made = String::from_utf8(output.stdout).expect("text");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/reference/{page}.md"));
        if std::env::var_os("FLOWGLASS_UPDATE").is_some() {
            std::fs::write(&path, &made).expect("the page can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(made == kept, "{} is out of date; run this test with FLOWGLASS_UPDATE=1", path.display());
    }
}

#[test]
fn completions_for_every_shell() {
    for (shell, word) in
        [("bash", "complete -F _flowglass"), ("zsh", "#compdef flowglass"), ("fish", "complete -c flowglass")]
    {
        let seen = run(&format!("completions {shell}"));
        assert!(seen.starts_with("exit code 0\n--- stdout\n") && seen.contains(word), "{shell}: {seen}");
        assert!(seen.contains("histogram"), "{shell} does not know the commands");
    }
    assert!(run("completions tcsh").starts_with("exit code 2"));
}
