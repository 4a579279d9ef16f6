//! Where a setting's value comes from: flag, else environment, else file, else default.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use super::{ALL, Setting, find};
use crate::failure::{Failure, Result};

/// Name of the settings file.
const FILE: &str = "flowglass.toml";

/// What a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Environment(String),
    File(PathBuf, &'static str),
    Default(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Environment(variable) => f.write_str(variable),
            Self::File(path, key) => write!(f, "{key} in {}", path.display()),
            Self::Default(key) => write!(f, "the default of {key}"),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// A source declared in the settings file, under `[[sources]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SourceEntry {
    /// File, directory or `s3://bucket/prefix`.
    pub(crate) url: String,
    /// Name, part of every object's identity; by default made of the bucket.
    pub(crate) name: Option<String>,
    /// Endpoint, where it is another than the setting's.
    pub(crate) endpoint: Option<String>,
    /// Region to sign for, where it is another than the setting's.
    pub(crate) signing_region: Option<String>,
}

/// The settings file and the environment.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    file: Option<(PathBuf, toml::Table)>,
    sources: Vec<SourceEntry>,
}

impl Settings {
    /// Reads the settings file: the one asked for, else `flowglass.toml` here, else that of the user's configuration.
    ///
    /// # Errors
    /// If a file asked for is missing, or the file is no TOML or holds an unknown key.
    pub(crate) fn load(explicit: Option<&Path>) -> Result<Self> {
        let path =
            match explicit.map(Path::to_owned).or_else(|| variable("FLOWGLASS_CONFIG").map(PathBuf::from)) {
                Some(path) => Some(path),
                None => candidates().into_iter().find(|path| path.is_file()),
            };
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::usage(format!("cannot read the settings file {}: {error}", path.display()))
        })?;
        let mut table: toml::Table = toml::from_str(&text).map_err(|error| {
            Failure::usage(format!("the settings file {} is not valid: {error}", path.display()))
        })?;
        let sources = match table.remove("sources") {
            Some(value) => value.try_into().map_err(|error| {
                Failure::usage(format!("the sources in {} are not valid: {error}", path.display()))
                    .hint("write [[sources]] and below it url = \"s3://bucket/prefix\"")
            })?,
            None => vec![],
        };
        for key in table.keys() {
            if find(key).is_none() {
                let near = ALL
                    .iter()
                    .map(|setting| setting.key)
                    .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
                let hint = near.filter(|near| strsim::jaro_winkler(near, key) > 0.8);
                return Err(Failure::usage(format!("unknown setting {key:?} in {}", path.display())).hint(
                    hint.map_or("see docs/reference/settings.md for all".to_owned(), |near| {
                        format!("did you mean {near:?}?")
                    }),
                ));
            }
        }
        Ok(Self { file: Some((path, table)), sources })
    }

    /// The settings file in use.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// The sources of the settings file.
    pub(crate) fn sources(&self) -> &[SourceEntry] {
        &self.sources
    }

    /// Returns the value in force: the flag's, else the environment's, else the file's. Defaults are not looked at:
    /// some are words.
    ///
    /// # Errors
    /// If a secret's file cannot be read, or the file's value is no text, number or boolean.
    pub(crate) fn text(&self, setting: &'static Setting, flag: Option<&str>) -> Result<Option<Given>> {
        if let Some(text) = flag {
            return Ok(Some(Given { text: text.to_owned(), origin: Origin::Flag(setting.flag) }));
        }
        if let Some(text) = variable(setting.env) {
            return Ok(Some(Given { text, origin: Origin::Environment(setting.env.to_owned()) }));
        }
        let file_name = format!("{}_FILE", setting.env);
        if let Some(path) = variable(&file_name).filter(|_| setting.secret) {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                Failure::usage(format!("cannot read {path}, named by {file_name}: {error}"))
            })?;
            return Ok(Some(Given { text: text.trim().to_owned(), origin: Origin::Environment(file_name) }));
        }
        let Some((path, table)) = &self.file else { return Ok(None) };
        let text = match table.get(setting.key) {
            None => return Ok(None),
            Some(toml::Value::String(text)) => text.clone(),
            Some(toml::Value::Integer(number)) => number.to_string(),
            Some(toml::Value::Boolean(on)) => on.to_string(),
            Some(_) => {
                return Err(Failure::usage(format!(
                    "{} in {} is neither text, number nor boolean",
                    setting.key,
                    path.display()
                )));
            }
        };
        let text = match path.parent() {
            Some(folder) if setting.path && !text.contains("://") => folder.join(text).display().to_string(),
            _ => text,
        };
        Ok(Some(Given { text, origin: Origin::File(path.clone(), setting.key) }))
    }

    /// Returns the value in force, read as `T`; none if the setting is nowhere set.
    ///
    /// # Errors
    /// As [`Settings::text`], and if the text is no such value.
    pub(crate) fn get<T>(&self, setting: &'static Setting, flag: Option<&str>) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some(given) = self.text(setting, flag)? else { return Ok(None) };
        parse(&given).map(Some)
    }

    /// Returns the value in force, or the default as the table declares it.
    ///
    /// # Errors
    /// As [`Settings::get`].
    pub(crate) fn get_or_default<T>(&self, setting: &'static Setting, flag: Option<&str>) -> Result<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match self.get(setting, flag)? {
            Some(value) => Ok(value),
            None => parse(&Given { text: setting.default.to_owned(), origin: Origin::Default(setting.key) }),
        }
    }
}

fn parse<T>(given: &Given) -> Result<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    given.text.parse().map_err(|error| Failure::usage(format!("{} cannot be used: {error}", given.origin)))
}

/// An environment variable; one set to nothing counts as not set.
fn variable(name: &str) -> Option<String> {
    // An empty name is that of a setting without a variable.
    if name.is_empty() {
        return None;
    }
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn candidates() -> Vec<PathBuf> {
    let config = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    let mut paths = vec![PathBuf::from(FILE)];
    paths.extend(config.map(|folder| folder.join("flowglass").join(FILE)));
    paths
}
