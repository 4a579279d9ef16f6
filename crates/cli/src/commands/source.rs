//! Sources as the arguments and settings describe them.

use std::path::PathBuf;
use std::sync::Arc;

use flowglass_ingest::source::{CredentialsSpec, Filter, Source, SourceSpec, open};

use crate::args::{AccessArgs, FilterArgs, LakeArgs, StoreArgs};
use crate::context::{Context, end, instant};
use crate::failure::{Failure, Result};
use crate::output::zone::Zone;
use crate::settings::{ALLOW_HTTP, ANONYMOUS, ENDPOINT, IAM_ENDPOINT, SIGNING_REGION, SourceEntry, Switch};

/// How sources are reached; what holds for all of them.
#[derive(Debug)]
pub(super) struct Access {
    spec: SourceSpec,
}

impl Access {
    /// Works out how sources are reached. The cloud region asked for is also the bucket's, unless told: a flow log
    /// collector writes into a bucket of its own region.
    pub(super) fn new(
        context: &Context,
        access: &AccessArgs,
        store: &StoreArgs,
        region: Option<&str>,
    ) -> Result<Self> {
        let settings = &context.settings;
        let text = |setting, flag: Option<&str>| {
            Ok::<_, Failure>(settings.text(setting, flag)?.map(|given| given.text))
        };
        let allow_http: Switch = settings.get_or_default(&ALLOW_HTTP, store.allow_http.as_deref())?;
        let anonymous: Switch = settings.get_or_default(&ANONYMOUS, access.anonymous.as_deref())?;
        let credentials = if anonymous.0 { CredentialsSpec::Anonymous } else { context.credentials()? };
        let spec = SourceSpec {
            name: access.name.clone(),
            endpoint: text(&ENDPOINT, store.endpoint.as_deref())?,
            region: text(&SIGNING_REGION, store.signing_region.as_deref())?
                .or_else(|| region.map(str::to_owned)),
            credentials,
            iam_endpoint: text(&IAM_ENDPOINT, store.iam_endpoint.as_deref())?,
            allow_http: allow_http.0,
            ..SourceSpec::new("")
        };
        Ok(Self { spec })
    }

    /// The specification of one source.
    pub(super) fn spec(&self, location: &str) -> SourceSpec {
        SourceSpec { location: location.to_owned(), ..self.spec.clone() }
    }

    /// The specification of a source of the settings file.
    fn spec_of(&self, entry: &SourceEntry) -> SourceSpec {
        SourceSpec {
            location: entry.url.clone(),
            name: entry.name.clone().or_else(|| self.spec.name.clone()),
            endpoint: entry.endpoint.clone().or_else(|| self.spec.endpoint.clone()),
            region: entry.signing_region.clone().or_else(|| self.spec.region.clone()),
            ..self.spec.clone()
        }
    }

    /// Opens the sources named, else those of the settings file. None is left out in silence.
    pub(super) async fn open(&self, context: &Context, locations: &[String]) -> Result<Vec<Arc<dyn Source>>> {
        let specs: Vec<SourceSpec> = if locations.is_empty() {
            context.settings.sources().iter().map(|entry| self.spec_of(entry)).collect()
        } else {
            locations.iter().map(|location| self.spec(location)).collect()
        };
        let mut sources = Vec::with_capacity(specs.len());
        for spec in &specs {
            sources.push(open(spec).await?);
        }
        Ok(sources)
    }

    /// As [`Access::open`], but no source at all is a mistake.
    pub(super) async fn open_some(
        &self,
        context: &Context,
        locations: &[String],
    ) -> Result<Vec<Arc<dyn Source>>> {
        let sources = self.open(context, locations).await?;
        if sources.is_empty() {
            return Err(Failure::usage("no source is named")
                .hint("name one, or write [[sources]] with a url into flowglass.toml"));
        }
        Ok(sources)
    }
}

/// Refuses a lake that lies inside one of the sources: its files would be read as objects, again after every commit.
pub(super) fn apart(context: &Context, locations: &[String], lake: &LakeArgs) -> Result<()> {
    let lake = &context.lake_address(lake)?;
    let settled: Vec<String> = context.settings.sources().iter().map(|entry| entry.url.clone()).collect();
    let sources = if locations.is_empty() { &settled } else { locations };
    if let Some(source) = sources.iter().find(|source| lies_in(lake, source)) {
        return Err(Failure::usage(format!("the lake {lake} lies inside the source {source}")).hint(
            "put the lake elsewhere, or name the folder of the objects, such as ibm_vpc_flowlogs_v1, as the source",
        ));
    }
    Ok(())
}

fn lies_in(lake: &str, source: &str) -> bool {
    let remote = |address: &str| address.starts_with("s3://");
    match (remote(lake), remote(source)) {
        (true, true) => {
            let rest = lake.trim_end_matches('/').strip_prefix(source.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        (false, false) => match (whole_path(lake), whole_path(source)) {
            (Some(lake), Some(source)) => lake.starts_with(source),
            _ => false,
        },
        _ => false,
    }
}

/// A path with its links followed, as far as it exists.
fn whole_path(address: &str) -> Option<PathBuf> {
    let path = std::path::absolute(address.strip_prefix("file://").unwrap_or(address)).ok()?;
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, real) = there?;
    Some(real.join(path.strip_prefix(above).ok()?))
}

/// The objects asked for.
pub(super) fn filter(args: &FilterArgs, zone: &Zone) -> Result<Filter> {
    let list = |text: &Option<String>| text.iter().cloned().collect();
    Ok(Filter {
        since: args.since.as_deref().map(|text| instant("--since", text, zone)).transpose()?,
        until: args.until.as_deref().map(|text| end("--until", text, zone)).transpose()?,
        accounts: list(&args.account),
        regions: list(&args.region),
        vpcs: list(&args.vpc),
        vnics: list(&args.vnic),
    })
}

#[cfg(test)]
mod tests {
    use super::lies_in;

    #[test]
    fn a_lake_inside_a_source_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir_all(at("bucket/ibm_vpc_flowlogs_v1")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("bucket"), at("link")).unwrap();
        for (lake, source, inside) in [
            (at("bucket/lake"), at("bucket"), true),
            (at("bucket"), at("bucket/"), true),
            (at("bucket/lake"), at("link"), cfg!(unix)),
            (format!("file://{}", at("bucket/lake")), at("bucket"), true),
            (at("lake"), at("bucket"), false),
            (at("bucket2"), at("bucket"), false),
            (at("bucket/lake"), at("bucket/ibm_vpc_flowlogs_v1"), false),
            ("s3://b/lake".to_owned(), "s3://b".to_owned(), true),
            ("s3://b/logs/lake".to_owned(), "s3://b/logs/".to_owned(), true),
            ("s3://b/logs2".to_owned(), "s3://b/logs".to_owned(), false),
            ("s3://bb".to_owned(), "s3://b".to_owned(), false),
            ("s3://b/lake".to_owned(), at("bucket"), false),
        ] {
            assert_eq!(lies_in(&lake, &source), inside, "{lake} in {source}");
        }
    }
}
