//! Every dependency may be used, changed and shipped without conditions beyond naming its authors.

use std::process::Command;

/// SPDX licences that ask for no more than a notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "bzip2-1.0.6",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Exceptions that only widen what a licence allows.
const EXCEPTIONS: &[&str] = &["LLVM-exception"];

/// Packages taken under other terms: name, licence, why that is all right.
const AGREED: &[(&str, &str, &str)] = &[(
    "option-ext",
    "MPL-2.0",
    "40 lines below the library that finds the user's folders; used unchanged, and the licence binds only changed files",
)];

#[test]
fn every_dependency_is_permissive() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    assert!(packages.len() > 100, "only {} packages: is this the whole tree?", packages.len());
    let offenders: Vec<String> = packages
        .iter()
        // Packages without a source are this project's own.
        .filter(|package| !package["source"].is_null())
        .filter_map(|package| {
            let name = package["name"].as_str().unwrap_or_default();
            let licence = package["license"].as_str().unwrap_or("none declared");
            let agreed = AGREED.iter().any(|(known, terms, _)| *known == name && *terms == licence);
            (!agreed && !is_permissive(licence)).then(|| format!("{name}: {licence}"))
        })
        .collect();
    assert!(offenders.is_empty(), "licences to look at:\n{}", offenders.join("\n"));
    for (name, ..) in AGREED {
        assert!(packages.iter().any(|package| package["name"] == *name), "{name} is no dependency any more");
    }
}

/// Evaluates an SPDX expression: true if some choice of its alternatives is permissive, false also for no expression.
fn is_permissive(expression: &str) -> bool {
    // `MIT/Apache-2.0` is the old way to write a choice.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens = spaced.split_whitespace().peekable();
    any(&mut tokens) == Some(true) && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(tokens: &mut Tokens<'_>) -> Option<bool> {
    let mut result = all(tokens)?;
    while tokens.next_if_eq(&"OR").is_some() {
        result |= all(tokens)?;
    }
    Some(result)
}

fn all(tokens: &mut Tokens<'_>) -> Option<bool> {
    let mut result = one(tokens)?;
    while tokens.next_if_eq(&"AND").is_some() {
        result &= one(tokens)?;
    }
    Some(result)
}

fn one(tokens: &mut Tokens<'_>) -> Option<bool> {
    let licence = tokens.next()?;
    if licence == "(" {
        let result = any(tokens)?;
        return (tokens.next()? == ")").then_some(result);
    }
    let mut result = PERMISSIVE.contains(&licence);
    if tokens.next_if_eq(&"WITH").is_some() {
        result &= EXCEPTIONS.contains(&tokens.next()?);
    }
    Some(result)
}

#[test]
fn expressions() {
    for permissive in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR GPL-3.0-only",
        "(MIT OR GPL-3.0-only) AND ISC",
        "GPL-2.0-only AND MIT OR Zlib",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_permissive(permissive), "{permissive}");
    }
    for other in
        ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT OR", "(MIT", "MIT)", "MIT WITH strange-exception"]
    {
        assert!(!is_permissive(other), "{other}");
    }
}
