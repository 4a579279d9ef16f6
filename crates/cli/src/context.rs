//! What the arguments mean: settings resolved, zone and names loaded, the lake opened.

use std::path::Path;
use std::time::Duration;

use flowglass_flow::names::Names;
use flowglass_ingest::source::{CredentialsSpec, Secret};
use flowglass_lake::answer::{Limits, Measure, Range, Scope};
use flowglass_lake::read::{Reader, ReaderOptions};
use flowglass_lake::{Lake, LakeOptions, LakeViews, StoreOptions};
use flowglass_query::Query;
use flowglass_query::time::{TimeRange, parse_bounds, parse_duration, parse_end, parse_instant, parse_range};

use crate::args::{Global, LakeArgs, LimitArgs, QuestionArgs, ScopeArgs};
use crate::failure::{Failure, Result};
use crate::output::say;
use crate::output::style::{Style, When, width};
use crate::output::zone::Zone;
use crate::settings::{
    ACCESS_KEY_ID, ALLOW_HTTP, Bytes, COLOR, ENDPOINT, IAM_API_KEY, IAM_ENDPOINT, LAKE, LAKE_ENDPOINT,
    LAKE_REGION, LOG, Lasting, MEMORY, NAMES, SECRET_ACCESS_KEY, SESSION_TOKEN, SIGNING_REGION, Settings,
    Switch, THREADS, TIME_ZONE, TIMEOUT,
};

/// What every command needs to know.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    /// Colour of results.
    pub(crate) style: Style,
    /// Colour of everything else.
    pub(crate) side_style: Style,
    /// Columns of the terminal; none if results do not go to one.
    pub(crate) width: Option<usize>,
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    /// Threads to work with.
    pub(crate) threads: usize,
}

/// A question as it is understood.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) scope: Scope,
    pub(crate) zone: Zone,
    pub(crate) names: Names,
}

impl Context {
    /// Works out what holds for any command.
    ///
    /// # Errors
    /// If the settings file or a setting cannot be used.
    pub(crate) fn new(global: &Global) -> Result<Self> {
        let settings = Settings::load(global.config.as_deref())?;
        let when: When = settings.get_or_default(&COLOR, global.color.as_deref())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: usize = settings.get(&THREADS, global.threads.as_deref())?.unwrap_or(cores);
        if threads == 0 || threads > 1024 {
            return Err(Failure::usage(format!("{threads} threads cannot work")).hint("use 1 to 1024"));
        }
        Ok(Self {
            settings,
            style: Style::stdout(when),
            side_style: Style::stderr(when),
            width: width(),
            quiet: global.quiet,
            verbose: global.verbose,
            threads,
        })
    }

    /// What is to be logged: `FLOWGLASS_LOG`, else by `-v` and `-q`.
    ///
    /// # Errors
    /// If the setting cannot be read.
    pub(crate) fn log_filter(&self) -> Result<String> {
        if let Some(given) = self.settings.text(&LOG, None)? {
            return Ok(given.text);
        }
        let level = match (self.quiet, self.verbose) {
            (true, _) => "error",
            (false, 0) => "warn",
            (false, 1) => "info",
            (false, _) => "debug",
        };
        // Libraries log what we tell as errors of our own; details show them too.
        let others = if self.verbose > 1 { "info" } else { "off" };
        let ours = ["flowglass", "flowglass_lake", "flowglass_ingest", "flowglass_server"];
        Ok(format!("{others},{}", ours.map(|name| format!("{name}={level}")).join(",")))
    }

    /// Says something beside the results, unless asked to be quiet.
    pub(crate) fn tell(&self, line: impl std::fmt::Display) {
        if !self.quiet {
            say(line);
        }
    }

    /// The time zone to read and show times in.
    ///
    /// # Errors
    /// If there is no such zone.
    pub(crate) fn zone(&self, flag: Option<&str>) -> Result<Zone> {
        let given = self.settings.text(&TIME_ZONE, flag)?;
        Zone::named(given.as_ref().map(|given| given.text.as_str()))
    }

    /// The names of addresses, vNICs and instances.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn names(&self, flag: Option<&str>) -> Result<Names> {
        let Some(given) = self.settings.text(&NAMES, flag)? else { return Ok(Names::default()) };
        let path = Path::new(&given.text);
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read the names file {} ({}): {error}",
                path.display(),
                given.origin
            ))
        })?;
        Names::parse(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    }

    /// The address of the lake.
    ///
    /// # Errors
    /// If none is set.
    pub(crate) fn lake_address(&self, args: &LakeArgs) -> Result<String> {
        let given = self.settings.text(&LAKE, args.lake.as_deref())?;
        given.map(|given| given.text).ok_or_else(|| {
            Failure::usage("no lake is named").hint(format!(
                "use --lake URL, set {}, or write lake = \"...\" into flowglass.toml; `flowglass demo` makes one to try",
                LAKE.env
            ))
        })
    }

    /// How the lake's store is reached.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub(crate) fn lake_options(&self, args: &LakeArgs) -> Result<LakeOptions> {
        let text =
            |own: &'static _, flag: &Option<String>, shared: &'static _, shared_flag: &Option<String>| {
                let own = self.settings.text(own, flag.as_deref())?;
                let given = match own {
                    Some(given) => Some(given),
                    None => self.settings.text(shared, shared_flag.as_deref())?,
                };
                Ok::<_, Failure>(given.map(|given| given.text))
            };
        let allow_http: Switch =
            self.settings.get_or_default(&ALLOW_HTTP, args.store.allow_http.as_deref())?;
        let iam_endpoint = self.settings.text(&IAM_ENDPOINT, args.store.iam_endpoint.as_deref())?;
        let store = StoreOptions {
            credentials: self.credentials()?,
            iam_endpoint: iam_endpoint.map(|given| given.text),
            endpoint: text(&LAKE_ENDPOINT, &args.lake_endpoint, &ENDPOINT, &args.store.endpoint)?,
            region: text(&LAKE_REGION, &args.lake_region, &SIGNING_REGION, &args.store.signing_region)?,
            allow_http: allow_http.0,
        };
        Ok(LakeOptions { store, ..LakeOptions::default() })
    }

    /// How to log in to a store, of sources and lakes alike. Absent settings leave it to the variables of other programs.
    ///
    /// # Errors
    /// If one half of a key is missing.
    pub(crate) fn credentials(&self) -> Result<CredentialsSpec> {
        let secret = |setting| Ok::<_, Failure>(self.settings.text(setting, None)?.map(|given| given.text));
        let keys = (secret(&ACCESS_KEY_ID)?, secret(&SECRET_ACCESS_KEY)?);
        match (keys, secret(&IAM_API_KEY)?) {
            ((Some(access_key_id), Some(key)), _) => Ok(CredentialsSpec::Keys {
                access_key_id,
                secret_access_key: Secret::new(key),
                session_token: secret(&SESSION_TOKEN)?.map(Secret::new),
            }),
            ((Some(_), None) | (None, Some(_)), _) => {
                Err(Failure::usage("one half of the access key is missing")
                    .hint(format!("set both {} and {}", ACCESS_KEY_ID.env, SECRET_ACCESS_KEY.env)))
            }
            ((None, None), Some(key)) => Ok(CredentialsSpec::IamApiKey(Secret::new(key))),
            ((None, None), None) => Ok(CredentialsSpec::Auto),
        }
    }

    /// Opens the lake.
    ///
    /// # Errors
    /// If none is named, there is none, or it cannot be read.
    pub(crate) async fn lake(&self, args: &LakeArgs) -> Result<Lake> {
        let address = self.lake_address(args)?;
        Ok(Lake::open(&address, &self.lake_options(args)?).await?)
    }

    /// Opens the lake, or makes one.
    ///
    /// # Errors
    /// If none is named, or it can neither be read nor made.
    pub(crate) async fn lake_or_new(&self, args: &LakeArgs) -> Result<Lake> {
        let address = self.lake_address(args)?;
        Ok(Lake::open_or_create(&address, &self.lake_options(args)?).await?)
    }

    /// Opens the lake for questions.
    ///
    /// # Errors
    /// If it cannot be opened, or a setting cannot be used.
    pub(crate) async fn reader(&self, lake: &LakeArgs, limits: &LimitArgs) -> Result<Reader> {
        let lake = self.lake(lake).await?;
        self.reader_of(lake, limits, 0)
    }

    /// Makes a reader of an open lake. `column_cache_bytes` are for columns that the next question may ask of again.
    ///
    /// # Errors
    /// If a setting cannot be used.
    pub(crate) fn reader_of(
        &self,
        lake: Lake,
        limits: &LimitArgs,
        column_cache_bytes: usize,
    ) -> Result<Reader> {
        let options = ReaderOptions {
            memory_bytes: self.memory(limits)?,
            threads: self.threads,
            column_cache_bytes,
            ..ReaderOptions::default()
        };
        Ok(Reader::new(std::sync::Arc::new(LakeViews::new(lake)), &options)?)
    }

    /// Memory that queries may use.
    pub(crate) fn memory(&self, args: &LimitArgs) -> Result<usize> {
        let memory: Bytes = self.settings.get_or_default(&MEMORY, args.memory.as_deref())?;
        usize::try_from(memory.0)
            .map_err(|_| Failure::usage("the memory is more than this machine can address"))
    }

    /// Time after which a query is given up.
    pub(crate) fn timeout(&self, args: &LimitArgs) -> Result<Duration> {
        let timeout: Lasting = self.settings.get_or_default(&TIMEOUT, args.timeout.as_deref())?;
        Ok(timeout.0)
    }

    /// What one query may cost. The one of a command line has all the memory for itself.
    pub(crate) fn limits(&self, args: &LimitArgs, rows: usize) -> Result<Limits> {
        Ok(Limits { max_rows: rows, memory_bytes: self.memory(args)?, timeout: self.timeout(args)? })
    }

    /// Reads a question: zone, names, query and range.
    ///
    /// # Errors
    /// If one of them cannot be understood.
    pub(crate) fn question(&self, args: &QuestionArgs, words: &[String]) -> Result<Question> {
        let zone = self.zone(args.scope.shown.time_zone.as_deref())?;
        let names = self.names(args.scope.shown.names.as_deref())?;
        let range = time_range(&args.scope, &zone)?;
        let query = self.query(&words.join(" "), &names, &zone)?;
        let scope = Scope::new(query, Range { from: range.from, to: range.to });
        Ok(Question { scope, zone, names })
    }

    /// Reads a query.
    ///
    /// # Errors
    /// If it cannot be understood.
    pub(crate) fn query(&self, text: &str, names: &Names, zone: &Zone) -> Result<Query> {
        let now = flowglass_flow::time::now();
        let context = flowglass_query::Context { names: Some(names), zone: zone.zone().clone(), now };
        flowglass_query::parse(text, &context).map_err(|error| Failure::text("the query", text, &error))
    }

    /// Tells what is worth knowing of a query, drawn below it.
    pub(crate) fn tell_notes(&self, query: &Query) {
        for note in &query.warnings {
            self.tell(format!("note:\n{}", note.render(&query.text)));
        }
    }
}

/// Reads the range of time asked.
///
/// # Errors
/// If it cannot be understood.
pub(crate) fn time_range(args: &ScopeArgs, zone: &Zone) -> Result<TimeRange> {
    let now = flowglass_flow::time::now();
    if let Some(text) = &args.last {
        let to = args.to.as_deref();
        if let Some(to) = to {
            end("--to", to, zone)?;
        }
        let length = parse_bounds(None, to, Some(text), zone.zone(), now);
        // Not a length: then a range in words, such as `yesterday` or `yesterday 10am to yesterday 11am`.
        // A length with a sign would be read as one instant in the past, without end; it is a mistake instead.
        let in_words = to.is_none() && parse_duration(text.trim_start_matches(['-', '+', ' '])).is_err();
        return length
            .or_else(|error| if in_words { parse_range(text, zone.zone(), now) } else { Err(error) })
            .map_err(|error| Failure::text("--last", text, &error));
    }
    let (from, to) = (args.from.as_deref(), args.to.as_deref());
    parse_bounds(from, to, None, zone.zone(), now).map_err(|error| {
        // Which of the two it is about is told by trying each alone.
        let alone = |from, to| parse_bounds(from, to, None, zone.zone(), now).err();
        match (alone(from, None), alone(None, to)) {
            (Some(error), _) => Failure::text("--from", from.unwrap_or_default(), &error),
            (None, Some(error)) => Failure::text("--to", to.unwrap_or_default(), &error),
            (None, None) => Failure::usage(error.message.clone()).hint_opt(error.hint.clone()),
        }
    })
}

/// Reads one instant.
///
/// # Errors
/// If it cannot be understood.
pub(crate) fn instant(flag: &str, text: &str, zone: &Zone) -> Result<i64> {
    let now = flowglass_flow::time::now();
    parse_instant(text, zone.zone(), now).map_err(|error| Failure::text(flag, text, &error))
}

/// Reads one instant as the end of a range: a date is included.
///
/// # Errors
/// If it cannot be understood.
pub(crate) fn end(flag: &str, text: &str, zone: &Zone) -> Result<i64> {
    let now = flowglass_flow::time::now();
    parse_end(text, zone.zone(), now).map_err(|error| Failure::text(flag, text, &error))
}

/// Reads a measure.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn measure(text: Option<&str>) -> Result<Option<Measure>> {
    text.map(|text| text.parse().map_err(|error: String| Failure::usage(error))).transpose()
}
