//! Instants as people read them.

use jiff::Timestamp;

use crate::failure::{Failure, Result};

/// A time zone and its name.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    zone: flowglass_query::time::Zone,
    name: String,
}

impl Zone {
    /// The time zone of that name; none means the system's.
    ///
    /// # Errors
    /// If there is no such zone.
    pub(crate) fn named(name: Option<&str>) -> Result<Self> {
        let zone = match name {
            None => flowglass_query::time::Zone::local(),
            Some(text) => flowglass_query::time::Zone::parse(text)
                .map_err(|error| Failure::text("the time zone", text, &error))?,
        };
        let name = zone.name();
        let name =
            if matches!(name.as_str(), "Etc/UTC" | "Etc/Unknown" | "UCT") { "UTC".to_owned() } else { name };
        Ok(Self { zone, name })
    }

    /// Its name, such as `UTC` or `Europe/Berlin`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its IANA name, where it has one; none also for UTC.
    pub(crate) fn iana(&self) -> Option<&str> {
        self.zone.as_jiff().iana_name().filter(|_| self.name != "UTC")
    }

    /// The zone itself.
    pub(crate) fn zone(&self) -> &flowglass_query::time::Zone {
        &self.zone
    }

    /// `2026-11-22 10:04:05`, in this zone; the fraction is shown where there is one.
    pub(crate) fn instant(&self, micros: i64) -> String {
        let Ok(timestamp) = Timestamp::from_microsecond(micros) else { return format!("{micros} us") };
        let civil = timestamp.to_zoned(self.zone.as_jiff().clone()).datetime();
        let text = civil.strftime("%Y-%m-%d %H:%M:%S").to_string();
        match micros.rem_euclid(1_000_000) {
            0 => text,
            fraction => format!("{text}.{fraction:06}").trim_end_matches('0').to_owned(),
        }
    }

    /// As [`Zone::instant`], without fraction, and without seconds where they are 0.
    pub(crate) fn minute(&self, micros: i64) -> String {
        let text = self.instant(micros - micros.rem_euclid(1_000_000));
        match text.strip_suffix(":00") {
            Some(short) => short.to_owned(),
            None => text,
        }
    }

    /// As [`Zone::minute`], with the zone's offset: unambiguous where clocks change.
    pub(crate) fn with_offset(&self, micros: i64) -> String {
        let Ok(timestamp) = Timestamp::from_microsecond(micros) else { return format!("{micros} us") };
        if self.name == "UTC" {
            return format!("{} UTC", self.minute(micros));
        }
        format!("{} {}", self.minute(micros), timestamp.to_zoned(self.zone.as_jiff().clone()).strftime("%:z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_zones() {
        let at = flowglass_flow::time::parse(b"2026-03-29T01:30:00.25Z").expect("a time");
        let zone = |name| Zone::named(Some(name)).expect("a zone");
        assert_eq!(zone("utc").instant(at), "2026-03-29 01:30:00.25");
        assert_eq!(zone("Europe/Berlin").instant(at), "2026-03-29 03:30:00.25");
        assert_eq!(zone("Europe/Berlin").minute(at - 250_000), "2026-03-29 03:30");
        assert_eq!(zone("Europe/Berlin").with_offset(at - 250_000), "2026-03-29 03:30 +02:00");
        assert_eq!(zone("UTC").with_offset(at - 250_000), "2026-03-29 01:30 UTC");
        assert!(Zone::named(Some("Europe/Atlantis")).is_err());
    }
}
