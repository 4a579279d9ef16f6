//! Cloud resource names.

/// A cloud resource name, split into the parts that Flowglass uses.
///
/// Layout (IBM Cloud "Cloud Resource Names"):
/// `crn:v1:<cloud>:<kind>:<service>:<location>:a/<account>:<instance>:<type>:<resource>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crn<'a> {
    /// Region or zone.
    pub location: &'a str,
    /// Account id, without its `a/`.
    pub account: Option<&'a str>,
    /// Resource type, such as `vpc`.
    pub resource_type: &'a str,
    /// Last segment, as printed: the id people know.
    pub resource: &'a str,
}

impl<'a> Crn<'a> {
    /// Splits a CRN; none if the text has not ten segments or does not begin with `crn:`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(10, ':');
        if parts.next()? != "crn" {
            return None;
        }
        let location = parts.nth(4)?;
        let account = parts.next()?.strip_prefix("a/");
        let resource_type = parts.nth(1)?;
        let resource = parts.next()?;
        Some(Self { location, account, resource_type, resource })
    }
}

/// Returns the last segment of a CRN, or the whole text if it is none.
pub fn last_segment(text: &str) -> &str {
    text.rsplit(':').next().unwrap_or(text)
}

/// Returns the region of a zone or region name: `us-south-2` and `us-south` both give `us-south`.
pub fn region_of(location: &str) -> &str {
    match location.rsplit_once('-') {
        Some((region, zone)) if !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_digit()) => region,
        _ => location,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_an_instance_crn() {
        let crn =
            Crn::parse("crn:v1:bluemix:public:is:us-south-1:a/713c::instance:0717_de45").expect("a CRN");
        assert_eq!(
            crn,
            Crn {
                location: "us-south-1",
                account: Some("713c"),
                resource_type: "instance",
                resource: "0717_de45"
            }
        );
        assert_eq!(region_of(crn.location), "us-south");
        assert_eq!(region_of("us-south"), "us-south");
        assert_eq!(Crn::parse("crn:1"), None);
    }
}
