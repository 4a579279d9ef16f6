//! The settings: each declared once. Flags, environment, file and the reference page come from this table.

mod load;
mod reference;
mod value;

pub(crate) use load::{Settings, SourceEntry};
pub(crate) use reference::markdown;
pub(crate) use value::{Bytes, Lasting, Switch};

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its key in `flowglass.toml`.
    pub key: &'static str,
    /// Its flag, without the hyphens; empty where there is none.
    pub flag: &'static str,
    /// Its environment variable; empty where there is none.
    pub env: &'static str,
    /// What its value is, with the unit: `URL`, `DURATION`.
    pub value: &'static str,
    /// The value in force without any other; empty where there is none.
    pub default: &'static str,
    /// Never shown; by environment or file only. `<variable>_FILE` names a file that holds it.
    pub secret: bool,
    /// A relative path in the file is relative to the file.
    pub path: bool,
    /// What it does, for people: one or two sentences.
    pub meaning: &'static str,
}

impl Setting {
    const fn new(key: &'static str, flag: &'static str, env: &'static str, value: &'static str) -> Self {
        Self { key, flag, env, value, default: "", secret: false, path: false, meaning: "" }
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    const fn path(mut self) -> Self {
        self.path = true;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn means(mut self, meaning: &'static str) -> Self {
        self.meaning = meaning;
        self
    }

    /// The text of its flag's help.
    pub(crate) fn help(&self) -> String {
        let mut help = self.meaning.trim_end_matches('.').to_owned();
        if !self.default.is_empty() {
            help.push_str(&format!(" [default: {}]", self.default));
        }
        if !self.env.is_empty() {
            help.push_str(&format!(" [env: {}]", self.env));
        }
        help
    }
}

macro_rules! settings {
    ($($name:ident = $setting:expr;)*) => {
        $(pub(crate) static $name: Setting = $setting;)*
        /// All settings, in the order of the reference page.
        pub(crate) static ALL: &[&Setting] = &[$(&$name),*];
    };
}

settings! {
    LAKE = Setting::new("lake", "lake", "FLOWGLASS_LAKE", "URL").path()
        .means("The lake: a directory, or s3://bucket/prefix.");
    LAKE_ENDPOINT = Setting::new("lake_endpoint", "lake-endpoint", "FLOWGLASS_LAKE_ENDPOINT", "URL")
        .means("Endpoint of the S3-compatible store of the lake, where it is another than that of the sources.");
    LAKE_REGION = Setting::new("lake_region", "lake-region", "FLOWGLASS_LAKE_REGION", "NAME")
        .means("Region to sign requests to the lake's store for, where it is another than that of the sources.");
    ENDPOINT = Setting::new("endpoint", "endpoint", "FLOWGLASS_ENDPOINT", "URL")
        .means("Endpoint of the S3-compatible store.");
    SIGNING_REGION = Setting::new("signing_region", "signing-region", "FLOWGLASS_SIGNING_REGION", "NAME")
        .means("Region to sign requests for.");
    ALLOW_HTTP = Setting::new("allow_http", "allow-http", "FLOWGLASS_ALLOW_HTTP", "true|false").default("false")
        .means("Allow plain HTTP to other hosts than this one.");
    IAM_ENDPOINT = Setting::new("iam_endpoint", "iam-endpoint", "FLOWGLASS_IAM_ENDPOINT", "URL")
        .default("https://iam.cloud.ibm.com")
        .means("Where IBM IAM tokens are fetched with the API key.");
    ACCESS_KEY_ID = Setting::new("access_key_id", "", "FLOWGLASS_ACCESS_KEY_ID", "TEXT").secret()
        .means("Access key of the store, of sources and lake: AWS, or the HMAC key of an IBM service credential. Without one, the \
                variables of the AWS and IBM command lines are looked at.");
    SECRET_ACCESS_KEY = Setting::new("secret_access_key", "", "FLOWGLASS_SECRET_ACCESS_KEY", "TEXT").secret()
        .means("Secret of the access key.");
    SESSION_TOKEN = Setting::new("session_token", "", "FLOWGLASS_SESSION_TOKEN", "TEXT").secret()
        .means("Session token of temporary keys.");
    ANONYMOUS = Setting::new("anonymous", "anonymous", "FLOWGLASS_ANONYMOUS", "true|false").default("false")
        .means("Send no credentials to the sources' store: the bucket is public.");
    IAM_API_KEY = Setting::new("iam_api_key", "", "FLOWGLASS_IAM_API_KEY", "TEXT").secret()
        .means("IBM Cloud API key; a token is fetched with it and renewed before it expires.");
    TIME_ZONE = Setting::new("time_zone", "tz", "FLOWGLASS_TZ", "ZONE").default("the system's")
        .means("Time zone of times read and shown: an IANA name such as Europe/Berlin, or UTC.");
    NAMES = Setting::new("names", "names", "FLOWGLASS_NAMES", "FILE").path()
        .means("Names of addresses, networks, vNICs and instances, to search by and to show.");
    COLOR = Setting::new("color", "color", "FLOWGLASS_COLOR", "auto|always|never").default("auto")
        .means("When to use colour; auto means on a terminal, unless NO_COLOR is set.");
    LOG = Setting::new("log", "", "FLOWGLASS_LOG", "FILTER").default("Flowglass's own warnings")
        .means("What is logged to standard error: a level, or target=level pairs with commas; -v is info, -vv debug.");
    THREADS = Setting::new("threads", "threads", "FLOWGLASS_THREADS", "NUMBER").default("one per core")
        .means("Threads that work.");
    MEMORY = Setting::new("memory", "memory", "FLOWGLASS_MEMORY", "BYTES").default("1GiB")
        .means("Memory that all queries of the process may use together.");
    TIMEOUT = Setting::new("timeout", "timeout", "FLOWGLASS_TIMEOUT", "DURATION").default("60s")
        .means("Time after which a query is given up.");
    POLL = Setting::new("poll", "poll", "FLOWGLASS_POLL", "DURATION").default("10s")
        .means("Pause between two listings of what is new, when a source is watched.");
    KEEP_DAYS = Setting::new("keep_days", "keep-days", "FLOWGLASS_KEEP_DAYS", "DAYS").default("for ever")
        .means("Days to keep: whole objects whose window lies further back leave the lake, and are not read again.");
    LISTEN = Setting::new("listen", "listen", "FLOWGLASS_LISTEN", "ADDRESS").default("127.0.0.1:7420")
        .means("Address and port to serve on. Any other than loopback needs a token, and TLS or a proxy.");
    TOKEN = Setting::new("token", "", "FLOWGLASS_TOKEN", "TEXT").secret()
        .means("Token that callers of the HTTP API must present.");
    TOKEN_FILE = Setting::new("token_file", "token-file", "", "FILE").path()
        .means("File that holds the token.");
    ALLOWED_HOSTS = Setting::new("allowed_hosts", "allowed-host", "FLOWGLASS_ALLOWED_HOSTS", "NAMES")
        .means("Host names that callers may use, with commas; loopback names and the address listened on always may.");
    TLS_CERT = Setting::new("tls_cert", "tls-cert", "FLOWGLASS_TLS_CERT", "FILE").path()
        .means("Certificate chain to serve with, PEM.");
    TLS_KEY = Setting::new("tls_key", "tls-key", "FLOWGLASS_TLS_KEY", "FILE").path()
        .means("Private key of the certificate, PEM.");
    BEHIND_PROXY = Setting::new("behind_proxy", "behind-proxy", "FLOWGLASS_BEHIND_PROXY", "true|false").default("false")
        .means("A proxy in front does TLS, so that plain HTTP may be served off loopback.");
}

/// Returns the setting of that key.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    ALL.iter().copied().find(|setting| setting.key == key)
}
